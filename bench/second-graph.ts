#!/usr/bin/env node
// How long it takes from `start()` to the first frame out of a Python node: for the first graph of a process, for a second one beside it,
// and, to compare with, from `addNode` on one that runs. The three take turns in one run.
//   node scripts/bootstrap.mjs bench/second-graph.ts [--runs 7] [--json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Runtime } from '@streamlib/runtime';
import { openSandbox } from './harness/sandbox.js';

const { values: options } = parseArgs({
  options: { runs: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
});
const runs = Number(options.runs);
const median = (list: readonly number[]) =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const SPARE_LIMIT_MS = 20_000;

const sandbox = await openSandbox();
const { plain, sinkOf, startGraph } = await import('./startup/graph.js');

function firstFrame(): { readonly at: Promise<number>; onFrame(): void } {
  let onFrame = () => {};
  const at = new Promise<number>((resolve) => {
    onFrame = () => resolve(performance.now());
  });
  return { at, onFrame: () => onFrame() };
}

/** A graph, and after how long its first frame came out. */
async function timedGraph(): Promise<{ readonly runtime: Runtime; readonly took: number }> {
  const { at, onFrame } = firstFrame();
  const { runtime, began } = await startGraph({ everyMs: 2, onFrame });
  return { runtime, took: (await at) - began };
}

async function timedAddition(runtime: Runtime): Promise<number> {
  const { at, onFrame } = firstFrame();
  await runtime.addNode('late-sink', sinkOf(1, onFrame));
  const began = performance.now();
  await runtime.addNode('late', 'python', { file: plain });
  await runtime.connectPorts('late', 'late-sink');
  await runtime.connectPorts('source', 'late');
  return (await at) - began;
}

/** Settles when every spare process of this program has made its imports: its processor time stands still then. */
async function sparesAreWarm(): Promise<void> {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const times = () =>
    read(`/proc/self/task/${process.pid}/children`)
      .trim()
      .split(' ')
      .filter((pid) => read(`/proc/${pid}/cmdline`).includes('streamlib._process.spare'))
      .map((pid) => `${pid} ${read(`/proc/${pid}/stat`).split(' ').slice(13, 15).join(' ')}`)
      .join('; ');
  const until = performance.now() + SPARE_LIMIT_MS;
  for (let last: string | null = null; performance.now() < until; ) {
    const now = times();
    if (now !== '' && now === last) return;
    last = now;
    await pause(200);
  }
  throw new Error(`no spare process was ready within ${SPARE_LIMIT_MS / 1000} s`);
}

try {
  // The broker, the inspection's cache and the compiled files are there from here on.
  await (await timedGraph()).runtime.stop();
  const figures: Record<'first' | 'second' | 'added', number[]> = { first: [], second: [], added: [] };
  for (let run = 0; run < runs; run++) {
    const first = await timedGraph();
    figures.first.push(first.took);
    const second = async () => {
      await sparesAreWarm();
      const graph = await timedGraph();
      figures.second.push(graph.took);
      await graph.runtime.stop();
    };
    const added = async () => {
      await sparesAreWarm();
      figures.added.push(await timedAddition(first.runtime));
      await first.runtime.removeNode('late');
      await first.runtime.removeNode('late-sink');
    };
    for (const step of run % 2 === 0 ? [second, added] : [added, second]) await step();
    await first.runtime.stop();
  }
  const rounded = (list: readonly number[]) => Math.round(median(list) * 10) / 10;
  const medians = {
    first: rounded(figures.first),
    second: rounded(figures.second),
    added: rounded(figures.added),
  };
  const ratio = Math.round((median(figures.second) / median(figures.added)) * 100) / 100;
  if (options.json) console.log(JSON.stringify({ runs, ...medians, second_to_added: ratio, all: figures }));
  else {
    console.log(`to the first frame out of a Python node, medians of ${runs}:`);
    console.log(`  first graph of the process   ${medians.first} ms`);
    console.log(`  second graph beside it       ${medians.second} ms`);
    console.log(`  node added to a running one  ${medians.added} ms`);
    console.log(`  second graph / added node    ${ratio}`);
  }
} finally {
  await sandbox.close();
}
