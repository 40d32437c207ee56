#!/usr/bin/env node
// Many Python processors in one graph on this machine: until all of them run, what they cost, and that frames flow through all.
//   node scripts/bootstrap.mjs bench/scale/graph.ts [--processors 32] [--json]
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openSandbox } from '../harness/sandbox.js';
import type { GraphReport } from '../scenarios/reports.js';

const { values: options } = parseArgs({
  options: { processors: { type: 'string', default: '32' }, json: { type: 'boolean', default: false } },
});
const count = Number(options.processors);
const SECONDS = 3;
const round = (value: number) => Math.round(value * 10) / 10;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const pss = (pid: number) =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024;

const sandbox = await openSandbox();
const { startGraph } = await import('../startup/graph.js');
try {
  // The broker and the inspection's cache are there from here on.
  const warm = await startGraph({ count: 1 });
  await warm.runtime.stop();

  const first = Array.from({ length: count }, () => 0);
  const frames = Array.from({ length: count }, () => 0);
  let all = () => {};
  const flowing = new Promise<void>((resolve) => {
    all = resolve;
  });
  const { runtime, began } = await startGraph({
    count,
    everyMs: 20,
    onFrame: (index) => {
      frames[index] = (frames[index] ?? 0) + 1;
      if (first[index] !== 0) return;
      first[index] = performance.now();
      if (first.every((at) => at !== 0)) all();
    },
  });
  await flowing;
  const until = [...first].sort((a, b) => a - b).map((at) => at - began);
  const before = [...frames];
  await pause(SECONDS * 1000);
  const rates = frames.map((n, index) => (n - (before[index] ?? 0)) / SECONDS).sort((a, b) => a - b);
  const { nodes } = runtime.stats();
  const pids = Object.values(nodes).flatMap(({ pid }) => (pid === null ? [] : [pid]));
  const measured = {
    processors: count,
    running: Object.values(nodes).filter(({ state }) => state === 'running').length - count - 1,
    first_output_ms: Math.round(until[0] ?? Number.NaN),
    all_flowing_ms: Math.round(until.at(-1) ?? Number.NaN),
    each_ms: Math.round((until.at(-1) ?? Number.NaN) / count),
    fps_slowest: round(rates[0] ?? Number.NaN),
    fps_fastest: round(rates.at(-1) ?? Number.NaN),
    restarts: runtime.stats().restarts,
    memory_mib_each: round(pids.reduce((sum, pid) => sum + pss(pid), 0) / pids.length),
    host_memory_mib: round(pss(process.pid)),
  };
  const stopping = performance.now();
  await runtime.stop();
  const report: GraphReport = { ...measured, stop_ms: Math.round(performance.now() - stopping) };
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else console.table([report]);
} finally {
  await sandbox.close();
}
