import { VideoFrame } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { Frame } from '../flow/frame.js';
import { OutputPort } from '../flow/output-port.js';
import type { NodeInput } from '../node/node.js';
import { Pause } from './pause.js';

function reader(lossless: boolean): NodeInput & { readonly taken: number[] } {
  const taken: number[] = [];
  return {
    name: 'in',
    lossless,
    full: false,
    taken,
    bind: () => {},
    adapt: () => true,
    offer: (frame) => {
      taken.push(Number(frame.value.frame_number));
      frame.release();
    },
  };
}

describe('Pause', () => {
  const send = (port: OutputPort, n: number) =>
    port.route(new Frame({ pixel_buffer: null, frame_number: BigInt(n) }, port.handles));

  it('keeps for a lossless input all that came, in order, and holds its producer back when it is full', () => {
    const port = new OutputPort('out', VideoFrame);
    const pause = new Pause(port, 'lossless', 3);
    for (let n = 0; n < 3; n++) send(port, n);
    expect(port.heldBack).toBe(true);
    const input = reader(true);
    pause.end(input);
    expect(port.heldBack).toBe(false);
    send(port, 3);
    expect(input.taken).toEqual([0, 1, 2, 3]);
  });

  it('keeps the newest for an input that wants the newest, and holds nobody back', () => {
    const port = new OutputPort('out', VideoFrame);
    const pause = new Pause(port, 'latest', 1);
    for (let n = 0; n < 5; n++) send(port, n);
    expect(port.heldBack).toBe(false);
    expect(pause.dropped).toBe(4);
    const input = reader(false);
    pause.end(input);
    expect(input.taken).toEqual([4]);
  });

  it('lets go of what nobody will take', () => {
    const port = new OutputPort('out', VideoFrame);
    const pause = new Pause(port, 'lossless', 1);
    send(port, 0);
    pause.end(null);
    expect(port.connected).toBe(false);
    expect(port.heldBack).toBe(false);
  });
});
