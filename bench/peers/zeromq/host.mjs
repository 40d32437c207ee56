import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pair } from 'zeromq';
import { serve } from '../../harness/control/serve.mjs';
import { touchRead, touchWrite } from '../../harness/measure/touches.mjs';
import { PythonWorker } from '../../harness/worker.mjs';

/** ZeroMQ may hold a message until its peer has taken it: a frame in flight must not be written again. */
const SPARE = 2;

serve({
  async open({ bytes, depth }) {
    const folder = mkdtempSync(join(tmpdir(), 'streamlib-bench-zmq-'));
    const address = `ipc://${join(folder, 'pair')}`;
    const socket = new Pair({ linger: 0 });
    await socket.bind(address);
    const worker = new PythonWorker(join(import.meta.dirname, 'worker.py'), [address, bytes]);
    await worker.ready();
    const frames = Array.from({ length: depth + SPARE }, () => Buffer.alloc(bytes));
    /** @type {Buffer[]} */
    const waiting = [];
    let sending = false;
    // One send at a time is all that the library allows.
    const pump = async () => {
      if (sending) return;
      sending = true;
      for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift())
        await socket.send(frame);
      sending = false;
    };
    let count = 0;
    /** @type {import('../../harness/types.ts').Transport} */
    const transport = {
      workers: [{ label: 'worker', pid: worker.pid, main: true }],
      onReply: () => {},
      send(value) {
        const frame = /** @type {Buffer} */ (frames[count++ % frames.length]);
        touchWrite(frame, value);
        waiting.push(frame);
        void pump();
      },
      async close() {
        await worker.kill();
        socket.close();
        await reading;
        rmSync(folder, { recursive: true, force: true });
      },
    };
    const reading = read(socket, (reply) => transport.onReply(touchRead(reply)));
    return transport;
  },
});

/** @param {Pair} socket @param {(reply: Buffer) => void} onReply */
async function read(socket, onReply) {
  while (!socket.closed) {
    let reply;
    try {
      [reply] = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      throw error;
    }
    if (reply !== undefined) onReply(reply);
  }
}
