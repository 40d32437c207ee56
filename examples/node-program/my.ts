/**
 * A Node program with a Python processor: camera → effect.py → a page in the browser.
 *
 *   npx tsx examples/node-program/my.ts
 */
import { Runtime } from '@streamlib/runtime';

// Relative paths in parameters belong to this file's folder, wherever the program is started.
const runtime = new Runtime({ name: 'my-program', baseDir: import.meta.dirname })
  .add('camera', 'camera', { source: 'test-pattern' })
  .add('effect', 'python', { file: 'effect.py' })
  .add('page', 'display', { port: 0 })
  .connect('camera', 'effect')
  .connect('effect', 'page');

// What takes long before the first frame: at the first start, the Python environment is made.
runtime.on('progress', (message) => console.error(`… ${message}`));
// What the processors say, and what Python prints; `processor` is null for the runtime itself.
runtime.on('log', ({ level, processor, message }) => {
  if (processor !== null || level !== 'info') console.log(level, processor ?? 'runtime', message);
});

process.once('SIGINT', () => void runtime.stop());

await runtime.start();
const { reason, failures } = await runtime.outcome;
await runtime.stop();

console.log(`${reason}: ${runtime.stats().frames_out} frames were shown`);
if (failures.length > 0) process.exitCode = 1;
