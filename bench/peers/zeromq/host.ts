import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pair } from 'zeromq';
import { serve } from '../../harness/control/serve.js';
import { touchRead, touchWrite } from '../../harness/measure/touches.js';
import type { Transport } from '../../harness/types.js';
import { PythonWorker } from '../../harness/worker.js';

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
    const waiting: Buffer[] = [];
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
    const transport: Transport = {
      workers: [{ label: 'worker', pid: worker.pid, main: true }],
      onReply: () => {},
      send(value) {
        const frame = frames[count++ % frames.length] as Buffer;
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

async function read(socket: Pair, onReply: (reply: Buffer) => void) {
  while (!socket.closed) {
    let reply: Buffer | undefined;
    try {
      [reply] = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      throw error;
    }
    if (reply !== undefined) onReply(reply);
  }
}
