import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, type ClientDuplexStream, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { serve } from '../../harness/control/serve.js';
import { touchRead, touchWrite } from '../../harness/measure/touches.js';
import type { Transport } from '../../harness/types.js';
import { PythonWorker } from '../../harness/worker.js';

const SPARE = 2;
interface Message {
  readonly data: Buffer;
}

/** What the loader makes of frame.proto, which the compiler cannot know. */
interface Echo {
  readonly streamlib: {
    readonly bench: {
      readonly Echo: new (
        ...args: ConstructorParameters<typeof Client>
      ) => Client & { Stream(): ClientDuplexStream<Message, Message> };
    };
  };
}
const file: object = loadPackageDefinition(loadSync(join(import.meta.dirname, 'frame.proto')));
const proto = file as Echo;

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
    const transport: Transport = {
      workers: [{ label: 'worker', pid: worker.pid, main: true }],
      onReply: () => {},
      send(value) {
        const data = frames[count++ % frames.length] as Buffer;
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
    call.on('data', (message: Message) => transport.onReply(touchRead(message.data)));
    call.on('error', (error: Error) => {
      if (!closed) throw error;
    });
    return transport;
  },
});
