import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { serve } from '../../harness/control/serve.mjs';
import { touchRead, touchWrite } from '../../harness/measure/touches.mjs';
import { PythonWorker } from '../../harness/worker.mjs';

const SPARE = 2;
/** @type {any} what the loader makes of the file is not known to the compiler */
const proto = loadPackageDefinition(loadSync(join(import.meta.dirname, 'frame.proto')));

serve({
  async open({ bytes, depth }) {
    const folder = mkdtempSync(join(tmpdir(), 'streamlib-bench-grpc-'));
    const address = `unix://${join(folder, 'echo')}`;
    const worker = new PythonWorker(join(import.meta.dirname, 'worker.py'), [address]);
    await worker.ready();
    const client = new proto.streamlib.bench.Echo(address, credentials.createInsecure(), {
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
    });
    const call = client.Stream();
    const frames = Array.from({ length: depth + SPARE }, () => Buffer.alloc(bytes));
    let count = 0;
    let closed = false;
    /** @type {import('../../harness/types.ts').Transport} */
    const transport = {
      workers: [{ label: 'worker', pid: worker.pid, main: true }],
      onReply: () => {},
      send(value) {
        const data = /** @type {Buffer} */ (frames[count++ % frames.length]);
        touchWrite(data, value);
        call.write({ data });
      },
      async close() {
        closed = true;
        call.cancel();
        client.close();
        await worker.kill();
        rmSync(folder, { recursive: true, force: true });
      },
    };
    call.on('data', (/** @type {{ data: Buffer }} */ message) => transport.onReply(touchRead(message.data)));
    call.on('error', (/** @type {Error} */ error) => {
      if (!closed) throw error;
    });
    return transport;
  },
});
