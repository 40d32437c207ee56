#!/usr/bin/env node
// How long a Python processor takes from `add`, or from the start of its graph, to its first output, and from kill -9 back into flow, beside
// `python -c "import numpy"` in the same environment, interleaved in one run.
//   node bench/startup.mjs [--runs 9] [--json]
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSandbox } from './harness/sandbox.mjs';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
});
const runs = Number(options.runs);
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const round = (value) => Math.round(value * 10) / 10;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const sandbox = await openSandbox();
const python = join(process.env.STREAMLIB_VENV, 'bin', 'python');
const { plain, sinkOf, startGraph } = await import('./startup/graph.ts');

async function timed(args) {
  const began = performance.now();
  const child = spawn(python, args, { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - began;
}

/** A promise that the next frame settles. */
function nextFrame() {
  const waiting = [];
  return {
    onFrame: () => {
      for (const wake of waiting.splice(0)) wake(performance.now());
    },
    next: () => new Promise((resolve) => waiting.push(resolve)),
  };
}

async function firstOutput(spareProcess) {
  const frames = nextFrame();
  const first = frames.next();
  const { runtime, began } = await startGraph({ spareProcess, onFrame: frames.onFrame });
  const took = (await first) - began;
  await runtime.stop();
  return took;
}

/** Added to a graph that runs, next to a spare process, and taken out again. */
async function added(count) {
  const frames = nextFrame();
  let warm = () => {};
  const { runtime } = await startGraph({ count: 0, live: true, logLevel: 'debug' });
  runtime.on('log', ({ message }) => message === 'spare Python process: warm' && warm());
  await runtime.addNode('sink', sinkOf(0, frames.onFrame));
  const took = [];
  for (let n = 0; n <= count; n++) {
    const next = new Promise((resolve) => {
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

async function spareIsWarm(pid) {
  // A warm one has nothing to do: its processor time stands still.
  const { readFileSync } = await import('node:fs');
  const time = () => readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ').slice(13, 15).join(' ');
  for (let last = ''; last !== time(); ) {
    last = time();
    await pause(150);
  }
}

async function restarts(spareProcess, count) {
  const frames = nextFrame();
  const first = frames.next();
  let spare = null;
  const { runtime } = await startGraph({ spareProcess, onFrame: frames.onFrame });
  runtime.on('log', () => {});
  await first;
  const took = [];
  const handshakes = [];
  const { readFileSync } = await import('node:fs');
  const children = () =>
    readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
  for (let n = 0; n < count; n++) {
    if (spareProcess) {
      for (spare = null; spare === null; await pause(100)) {
        const { pid } = runtime.stats().nodes['python-0'];
        spare = children().find((child) => child !== pid && isSpare(child, readFileSync)) ?? null;
      }
      await spareIsWarm(spare);
    }
    const { pid } = runtime.stats().nodes['python-0'];
    process.kill(pid, 'SIGKILL');
    const began = performance.now();
    // Frames that were on their way when it was killed are none of the new one's.
    while (runtime.stats().nodes['python-0'].pid === pid) await pause(0);
    took.push((await frames.next()) - began);
    handshakes.push(runtime.stats().nodes['python-0'].metrics.ready_ms);
  }
  await runtime.stop();
  return { took, handshakes };
}

function isSpare(pid, readFileSync) {
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
  const figures = { numpy: [], cold: [], first: [], restart_cold: [], restart: [] };
  for (let run = 0; run < runs; run++) {
    figures.numpy.push(await timed(['-c', 'import numpy']));
    figures.cold.push(await firstOutput(false));
    figures.first.push(await firstOutput(true));
  }
  figures.added = await added(runs);
  figures.restart_cold = (await restarts(false, runs)).took;
  for (let run = 0; run < 3; run++) figures.numpy.push(await timed(['-c', 'import numpy']));
  const again = await restarts(true, Math.min(runs, 9));
  figures.restart = again.took;
  figures.handshake = again.handshakes;
  const numpy = median(figures.numpy);
  const row = (name) => ({
    median_ms: round(median(figures[name])),
    of_numpy: Math.round((median(figures[name]) / numpy) * 100) / 100,
  });
  const report = { import_numpy_ms: round(numpy), runs };
  for (const name of ['added', 'cold', 'first', 'restart_cold', 'restart', 'handshake'])
    report[name] = row(name);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    const say = (what, { median_ms, of_numpy }) =>
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
