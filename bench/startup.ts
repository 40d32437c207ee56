#!/usr/bin/env node
// How long a Python processor takes from `add`, or from the start of its graph, to its first output, and from kill -9 back into flow, beside
// `python -c "import numpy"` in the same environment, interleaved in one run.
//   node scripts/bootstrap.mjs bench/startup.ts [--runs 9] [--json]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { state } from '../scripts/lib/paths.js';
import { openSandbox } from './harness/sandbox.js';
import type { StartupReport, Timed } from './scenarios/reports.js';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
});
const runs = Number(options.runs);
const median = (list: readonly number[]) =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const round = (value: number) => Math.round(value * 10) / 10;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const sandbox = await openSandbox();
const python = join(process.env.STREAMLIB_VENV ?? join(state, 'venv'), 'bin', 'python');
const { plain, sinkOf, startGraph } = await import('./startup/graph.js');

async function timed(args: readonly string[]): Promise<number> {
  const began = performance.now();
  const child = spawn(python, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
}

/** A promise that the next frame settles. */
function nextFrame() {
  const waiting: ((at: number) => void)[] = [];
  return {
    onFrame: () => {
      for (const wake of waiting.splice(0)) wake(performance.now());
    },
    next: () => new Promise<number>((resolve) => waiting.push(resolve)),
  };
}

async function firstOutput(spareProcess: boolean): Promise<number> {
  const frames = nextFrame();
  const first = frames.next();
  const { runtime, began } = await startGraph({ spareProcess, onFrame: frames.onFrame });
  const took = (await first) - began;
  await runtime.stop();
  return took;
}

/** Added to a graph that runs, next to a spare process, and taken out again. */
async function added(count: number): Promise<number[]> {
  const frames = nextFrame();
  let warm = () => {};
  const { runtime } = await startGraph({ count: 0, live: true, logLevel: 'debug' });
  runtime.on('log', ({ message }) => {
    if (message === 'spare Python process: warm') warm();
  });
  await runtime.addNode('sink', sinkOf(0, frames.onFrame));
  const took: number[] = [];
  for (let n = 0; n <= count; n++) {
    const next = new Promise<void>((resolve) => {
      warm = resolve;
    });
    const first = frames.next();
    const began = performance.now();
    await runtime.addNode('late', 'python', { file: plain });
    await runtime.connectPorts('late', 'sink');
    await runtime.connectPorts('source', 'late');
    // The first has no spare process yet, and is where the file is looked at.
    if (n > 0) took.push((await first) - began);
    else await first;
    await runtime.removeNode('late');
    await next;
  }
  await runtime.stop();
  return took;
}

async function spareIsWarm(pid: number): Promise<void> {
  // A warm one has nothing to do: its processor time stands still.
  const time = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
  for (let last = ''; last !== time(); ) {
    last = time();
    await pause(150);
  }
}

async function restarts(spareProcess: boolean, count: number) {
  const frames = nextFrame();
  const first = frames.next();
  const { runtime } = await startGraph({ spareProcess, onFrame: frames.onFrame });
  runtime.on('log', () => {});
  await first;
  const took: number[] = [];
  const handshakes: number[] = [];
  const node = () => {
    const stats = runtime.stats().nodes['python-0'];
    if (stats === undefined) throw new Error('the graph has lost its Python node');
    return stats;
  };
  const children = () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
  for (let n = 0; n < count; n++) {
    if (spareProcess) {
      let spare: number | undefined;
      for (; spare === undefined; await pause(100)) {
        const { pid } = node();
        spare = children().find((child) => child !== pid && isSpare(child));
      }
      await spareIsWarm(spare);
    }
    const { pid } = node();
    if (pid === null) throw new Error('the Python process does not run');
    process.kill(pid, 'SIGKILL');
    const began = performance.now();
    // Frames that were on their way when it was killed are none of the new one's.
    while (node().pid === pid) await pause(0);
    took.push((await frames.next()) - began);
    handshakes.push(node().metrics.ready_ms ?? Number.NaN);
  }
  await runtime.stop();
  return { took, handshakes };
}

function isSpare(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('streamlib._process.spare');
  } catch {
    return false;
  }
}

try {
  // The broker, the inspection's cache and the compiled files are there from here on.
  await firstOutput(false);
  await timed(['-c', 'import numpy']);
  const numpyTimes: number[] = [];
  const cold: number[] = [];
  const first: number[] = [];
  for (let run = 0; run < runs; run++) {
    numpyTimes.push(await timed(['-c', 'import numpy']));
    cold.push(await firstOutput(false));
    first.push(await firstOutput(true));
  }
  const late = await added(runs);
  const coldRestarts = (await restarts(false, runs)).took;
  for (let run = 0; run < 3; run++) numpyTimes.push(await timed(['-c', 'import numpy']));
  const again = await restarts(true, Math.min(runs, 9));
  const numpy = median(numpyTimes);
  const row = (times: readonly number[]): Timed => ({
    median_ms: round(median(times)),
    of_numpy: Math.round((median(times) / numpy) * 100) / 100,
  });
  const report: StartupReport = {
    import_numpy_ms: round(numpy),
    runs,
    added: row(late),
    cold: row(cold),
    first: row(first),
    restart_cold: row(coldRestarts),
    restart: row(again.took),
    handshake: row(again.handshakes),
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    const say = (what: string, { median_ms, of_numpy }: Timed) =>
      console.log(`${what.padEnd(56)} ${String(median_ms).padStart(7)} ms  ${of_numpy} ×`);
    say('python -c "import numpy"', { median_ms: report.import_numpy_ms, of_numpy: 1 });
    say('add to a running graph, to its first output', report.added);
    say('start of a graph to first output, no spare process', report.cold);
    say('start of a graph to first output', report.first);
    say('kill -9 to back in flow, no spare process', report.restart_cold);
    say('kill -9 to back in flow', report.restart);
    say('of it the handshake, the import of the file and setup()', report.handshake);
  }
} finally {
  await sandbox.close();
}
