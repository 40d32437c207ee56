import { VideoFrame } from '@streamlib/host-bridge';
import { expect, it } from 'vitest';
import { PythonOutput } from './output.js';

const output = () => new PythonOutput({ name: 'video_out', schema: VideoFrame });

it('frames that cannot be read are counted, told once in a row, and acknowledged', () => {
  const acks: number[] = [];
  const out = output();
  out.open((frameId) => acks.push(frameId));
  expect([1, 2, 3, 4].map((id) => out.lost(id))).toEqual([true, false, false, false]);
  expect(acks).toEqual([4]);
  expect(out.port.counters.droppedBy()).toEqual({ no_memory: 4 });
  out.receive(5, {});
  expect(out.lost(6)).toBe(true);
});
