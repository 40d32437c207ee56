// The whole product path: graph, reactive host, codec, the Python API as users write it.

import { join } from 'node:path';
import { serve } from '../../harness/control/serve.js';
import { openSandbox } from '../../harness/sandbox.js';
import type { Transport } from '../../harness/types.js';

const sandbox = await openSandbox();
const { makeEnds, Runtime, running } = await import('./graph.js');

serve({
  async open({ bytes, depth }) {
    const transport: Transport = {
      workers: [],
      onReply: () => {},
      send: () => {},
      close: () => runtime.stop(),
    };
    const { source, sink, send } = makeEnds(bytes, (sum) => transport.onReply(sum));
    // A spare Python process would start up beside the measurement; start-up is measured by itself.
    const runtime = new Runtime({ name: 'bench', spareProcess: false });
    runtime.on('log', ({ level, message }) => {
      if (level === 'warn' || level === 'error') process.stderr.write(`${message}\n`);
    });
    runtime
      .add('source', source)
      .add('echo', 'python', { file: join(import.meta.dirname, 'echo.py') })
      .add('sink', sink);
    // With one frame in flight the default of a video input does; with four it would rightly drop all but the newest.
    if (depth === 1) runtime.connect('source.video', 'echo.video_in');
    else runtime.connect('source.video', 'echo.video_in', { delivery: 'every_sample', queue: 8 });
    runtime.connect('echo.video_out', 'sink.video');
    const ready = running(runtime, 'echo');
    await runtime.start();
    await ready;
    const pid = runtime.stats().nodes.echo?.pid;
    if (pid == null) throw new Error('the Python processor has no process');
    return Object.assign(transport, { send, workers: [{ label: 'worker', pid, main: true }] });
  },
  dispose: () => sandbox.close(),
});
