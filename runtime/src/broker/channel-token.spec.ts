import { expect, it } from 'vitest';
import { ChannelToken } from './channel-token.js';

it('asks once for each connection of the channel, and each time while there is none', () => {
  let up = false;
  let asked = 0;
  let down = () => {};
  const token = new ChannelToken(() => `token ${++asked}`, {
    isUp: () => up,
    whenDown: (tell) => {
      down = tell;
    },
  });
  expect([token.get(), token.get()]).toEqual(['token 1', 'token 2']);
  up = true;
  expect([token.get(), token.get(), token.get()]).toEqual(['token 3', 'token 3', 'token 3']);
  up = false;
  down();
  expect([token.get(), token.get()]).toEqual(['token 4', 'token 5']);
  up = true;
  expect([token.get(), token.get()]).toEqual(['token 6', 'token 6']);
});

it('keeps in mind that none is asked for', () => {
  let asked = 0;
  const token = new ChannelToken(
    () => {
      asked++;
      return null;
    },
    { isUp: () => true, whenDown: () => {} },
  );
  expect([token.get(), token.get()]).toEqual([null, null]);
  expect(asked).toBe(1);
});
