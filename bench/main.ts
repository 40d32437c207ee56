#!/usr/bin/env node
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { probe } from '../scripts/lib/run.js';
import { say, tell } from '../scripts/lib/steps.js';
import { setUp } from '../scripts/setup.js';
import { figuresOf } from './harness/figures.js';
import { goalOf } from './harness/goal.js';
import { HELP, parseOptions } from './harness/options.js';
import { images, page, python, results } from './harness/paths.js';
import { PEERS } from './harness/peers.js';
import { makePlan } from './harness/plan.js';
import { prepare } from './harness/prepare.js';
import { measure } from './harness/session.js';
// `npm run bench`: the echo of frames through the whole product, beside the raw floor and its peers, in one run.
import type { Machine, Report } from './harness/types.js';
import { lineOf } from './report/line.js';
import { withFigures } from './report/markdown.js';
import { cpuPlot, roundTripPlot } from './report/plot.js';
import { textOf } from './report/table.js';
import { SCENARIOS } from './scenarios/index.js';

function machine(): Machine {
  return {
    cpus: availableParallelism(),
    model: cpus()[0]?.model ?? 'unknown',
    memory_gib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.versions.node,
    python: probe(python, ['-c', 'import platform; print(platform.python_version())']) ?? 'unknown',
    load_before: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

async function bench(options: ReturnType<typeof parseOptions>) {
  const plan = makePlan(options, PEERS);
  if (options.setup && plan.peers.some(({ name }) => name === 'product')) await setUp();
  const { ready, skipped } = await prepare(plan.peers);
  const before = machine();
  const measured = await measure(plan, ready, say);
  const figures = measured.cells.map(figuresOf).filter((one) => one !== null);
  const report: Report = {
    when: new Date().toISOString(),
    quick: options.quick,
    machine: before,
    titles: Object.fromEntries(PEERS.map(({ name, title }) => [name, title])),
    skipped: { ...skipped, ...measured.skipped },
    figures,
    goal: goalOf(figures, plan.sizes),
    errors: measured.cells.flatMap(({ peer, pattern, bytes, error }) =>
      error === null ? [] : [{ peer, pattern, bytes, error }],
    ),
    scenarios: [],
    seconds: 0,
  };
  if (plan.scenarios) {
    for (const scenario of SCENARIOS) {
      say(scenario.title);
      report.scenarios.push({ name: scenario.name, title: scenario.title, ...(await scenario.run()) });
    }
  }
  report.seconds = Math.round(performance.now() / 100) / 10;
  return { plan, report };
}

function keep(report: Report, sizes: readonly number[]) {
  mkdirSync(results, { recursive: true });
  const name = report.quick ? 'quick' : 'full';
  const json = `${JSON.stringify(report, null, 2)}\n`;
  writeFileSync(join(results, `${name}-${report.when.replaceAll(/[:.]/g, '-')}.json`), json);
  writeFileSync(join(results, `${name}.json`), json);
  // The plots in docs/ show a full run only.
  if (!report.quick) draw(report, sizes);
}

function draw(report: Report, sizes: readonly number[]) {
  mkdirSync(images, { recursive: true });
  writeFileSync(join(images, 'bench-round-trip.svg'), roundTripPlot(report, sizes));
  writeFileSync(join(images, 'bench-cpu.svg'), cpuPlot(report));
  writeFileSync(page, withFigures(readFileSync(page, 'utf8'), report, sizes));
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else if (options.draw !== null) {
    const report = JSON.parse(readFileSync(options.draw, 'utf8'));
    draw(report, makePlan(options, PEERS).sizes);
  } else {
    const { plan, report } = await bench(options);
    if (options.write) keep(report, plan.sizes);
    process.stdout.write(options.json ? `${lineOf(report, plan.sizes)}\n` : textOf(report, plan.sizes));
  }
} catch (error) {
  if (error instanceof RangeError || (error instanceof TypeError && 'code' in error)) {
    say(`${error.message}\n\n${HELP}`);
    process.exitCode = 2;
  } else {
    tell(error);
    process.exitCode = 1;
  }
}
