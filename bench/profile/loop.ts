// The benchmark's graph, kept busy for a profile. Its parent asks for counts: 'count' → { frames, cpuUs, pid }.
import { openSandbox } from '../harness/sandbox.js';

const [bytes = 0, paced = 0] = process.argv.slice(2).map(Number);
const sandbox = await openSandbox();
const { makeEnds, Runtime, running } = await import('../peers/product/graph.js');
let frames = 0;
let due = 0;
let next: () => void = () => {};
const { source, sink, send } = makeEnds(bytes, () => {
  frames++;
  next();
});
const runtime = new Runtime({ name: 'profile', spareProcess: false });
runtime
  .add('source', source)
  .add('echo', 'python', { file: new URL('../peers/product/echo.py', import.meta.url).pathname })
  .add('sink', sink)
  .connect('source.video', 'echo.video_in')
  .connect('echo.video_out', 'sink.video');
const ready = running(runtime, 'echo');
await runtime.start();
await ready;
const hot = () => send(frames & 255);
let over = false;
const steady = () => {
  due += 1000 / 60;
  setTimeout(() => over || hot(), Math.max(1, due - performance.now()));
};
process.on('message', async (what) => {
  if (what === 'stop') {
    over = true;
    next = () => {};
    await runtime.stop();
    await sandbox.close();
    process.exit(0);
  }
  // Compiled first, as in a stream that has run for a while; then at the pace that is asked for.
  if (what === 'pace' && paced) {
    due = performance.now();
    next = steady;
  }
  const { user, system } = process.cpuUsage();
  process.send?.({ frames, cpuUs: user + system, pid: runtime.stats().nodes.echo?.pid ?? 0 });
});
process.on('disconnect', () => process.exit(1));
next = hot;
hot();
process.send?.('ready');
