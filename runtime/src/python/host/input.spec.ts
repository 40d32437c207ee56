import { VideoFrame } from '@streamlib/host-bridge';
import { expect, it } from 'vitest';
import { PythonInput } from './input.js';

it('frames that the client could not read are counted over all its incarnations', () => {
  const input = new PythonInput(
    { name: 'video_in', schema: VideoFrame, delivery: 'latest', queue: 1 },
    0,
    () => {},
  );
  input.clientLost(0);
  expect(input.counters.droppedBy()).toEqual({});
  input.clientLost(2);
  input.clientLost(3);
  input.close(false);
  input.clientLost(0);
  expect(input.counters.droppedBy()).toEqual({ no_memory: 3 });
  input.clientLost(1);
  expect(input.counters.droppedBy()).toEqual({ no_memory: 4 });
});
