// How soon a killed Python process is noticed, and how soon frames flow again, against a fresh start of the same graph in the
// same minute. No spare process: both start Python from nothing. Usage: node .streamlib/programs/test/harness/kills-program.js KILLS
import { loadavg } from 'node:os';
import type { Runtime } from '@streamlib/runtime';
import { startGraph } from '../../bench/startup/graph.js';

const wanted = Number(process.argv[2] ?? 60);
const killsPerStart = 4;

const noticed: number[] = [];
const back: number[] = [];
const fresh: number[] = [];
const loads = [loadavg()[0]];

/** What the next call of `onFrame` settles. */
function frames() {
  const waiting: ((at: number) => void)[] = [];
  return {
    onFrame: () => {
      for (const wake of waiting.splice(0)) wake(performance.now());
    },
    next: () => new Promise<number>((resolve) => waiting.push(resolve)),
  };
}

async function kill(runtime: Runtime, next: () => Promise<number>): Promise<void> {
  const pid = runtime.stats().nodes['python-0']?.pid;
  if (pid === undefined || pid === null) throw new Error('the Python process does not run');
  const seen: Record<string, number> = {};
  const running = new Promise<void>((resolve) => {
    const listener = ({ node, state }: { readonly node: string; readonly state: string }) => {
      if (node !== 'python-0' || seen[state] !== undefined) return;
      seen[state] = performance.now();
      if (state !== 'running') return;
      runtime.off('node', listener);
      resolve();
    };
    runtime.on('node', listener);
  });
  const began = performance.now();
  process.kill(pid, 'SIGKILL');
  await running;
  back.push((await next()) - began);
  noticed.push((seen.waiting ?? Number.NaN) - began);
}

// The broker, the inspection's cache and the compiled files are there from here on.
for (let first = true; noticed.length < wanted || first; first = false) {
  const { onFrame, next } = frames();
  const flows = next();
  const { runtime, began } = await startGraph({ spareProcess: false, onFrame });
  const took = (await flows) - began;
  if (!first) {
    fresh.push(took);
    for (let n = 0; n < killsPerStart && noticed.length < wanted; n++) await kill(runtime, next);
  }
  await runtime.stop();
}
loads.push(loadavg()[0]);
process.stdout.write(`${JSON.stringify({ noticed, back, fresh, loads })}\n`);
