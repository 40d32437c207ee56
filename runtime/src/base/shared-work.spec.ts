import { expect, it } from 'vitest';
import { SharedWork } from './shared-work.js';

function controlled() {
  const runs: { signal: AbortSignal; resolve: (value: number) => void; reject: (error: Error) => void }[] =
    [];
  const work = new SharedWork<number>(
    (signal) => new Promise((resolve, reject) => runs.push({ signal, resolve, reject })),
  );
  return { work, runs };
}

it('is done once for all who wait at the same time, and again for those who come later', async () => {
  const { work, runs } = controlled();
  const both = Promise.all([work.join(), work.join()]);
  expect(runs).toHaveLength(1);
  runs[0]?.resolve(1);
  expect(await both).toEqual([1, 1]);
  const again = work.join();
  expect(runs).toHaveLength(2);
  runs[1]?.resolve(2);
  expect(await again).toBe(2);
});

it('goes on while one waits, and is given up when the last has left', async () => {
  const { work, runs } = controlled();
  const [first, second] = [new AbortController(), new AbortController()];
  const leaving = [work.join(first.signal), work.join(second.signal)];
  first.abort(new Error('first'));
  await expect(leaving[0]).rejects.toThrow('first');
  expect(runs[0]?.signal.aborted).toBe(false);
  second.abort(new Error('second'));
  await expect(leaving[1]).rejects.toThrow('second');
  expect(runs[0]?.signal.aborted).toBe(true);
  // One who comes now does not get what was given up.
  const next = work.join();
  expect(runs).toHaveLength(2);
  runs[0]?.reject(new Error('given up'));
  runs[1]?.resolve(3);
  expect(await next).toBe(3);
});

it('fails for all who wait', async () => {
  const { work, runs } = controlled();
  const both = [work.join(), work.join()];
  runs[0]?.reject(new Error('no'));
  await expect(both[0]).rejects.toThrow('no');
  await expect(both[1]).rejects.toThrow('no');
});

it('is not begun by one whose signal has aborted', async () => {
  const { work, runs } = controlled();
  await expect(work.join(AbortSignal.abort(new Error('late')))).rejects.toThrow('late');
  expect(runs).toEqual([]);
});
