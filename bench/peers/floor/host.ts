// The bare mechanism: frames in one mapped memory file, a number over a socket pair says which is full.

import { join } from 'node:path';
import { serve } from '../../harness/control/serve.js';
import { floor } from '../../harness/measure/touches.js';
import { PAGE } from '../../harness/measure/workload.js';
import type { Transport } from '../../harness/types.js';
import { PythonWorker } from '../../harness/worker.js';

serve({
  async open({ bytes, depth }) {
    // No more slots than frames in flight: the next frame finds its memory as hot as it can be.
    const slots = depth;
    const stride = Math.ceil(bytes / PAGE) * PAGE;
    const { fd, memory } = floor.map(2 * slots * stride);
    const frames = Array.from(
      { length: 2 * slots },
      (_, index) => new Uint8Array(memory, index * stride, bytes),
    );
    const [ours, theirs] = floor.pair();
    const worker = new PythonWorker(join(import.meta.dirname, 'worker.py'), [bytes, slots], [theirs, fd]);
    floor.close(theirs);
    await worker.ready();
    floor.close(fd);
    let count = 0;
    const transport: Transport = {
      workers: [{ label: 'worker', pid: worker.pid, main: true }],
      onReply: () => {},
      send(value) {
        const slot = count++ % slots;
        floor.touchWrite(frames[slot] as Uint8Array, value);
        floor.send(ours, slot);
      },
      async close() {
        floor.unwatch(watch);
        await worker.end();
      },
    };
    const watch = floor.watch(ours, (slot) => {
      transport.onReply(floor.touchRead(frames[slots + slot] as Uint8Array));
    });
    return transport;
  },
});
