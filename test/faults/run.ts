#!/usr/bin/env node
// `npm run faults`: every fault at every step, and what was left of each; how soon a killed client is noticed; brokers that are
// killed under load. The tests run some of it.
//   npm run faults [-- --json] [--only TEXT | kill-times | broker-restarts] [--seconds 60] [--kills 60] [--markdown FILE] [--out FILE] [--again-in FILE]
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../../scripts/lib/root.js';
import { allPassed, type CellOutcome, type Earlier, figuresOf, putInto } from './figures.js';
import { type BrokerRestarts, type KillTimes, markdown, type Report } from './report.js';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    kills: { type: 'string', default: '60' },
    markdown: { type: 'string' },
    out: { type: 'string' },
    'again-in': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`npm run faults [-- OPTIONS]
  --json            one line of JSON at the end
  --only TEXT       cells whose name contains TEXT; or kill-times, or broker-restarts
  --seconds N       how long brokers are killed and started again, once a second (10)
  --kills N         clients that are killed to measure how soon that is noticed (60)
  --markdown FILE   the table of cells, as docs/faults.md has it
  --out FILE        the same as --json, for reading
  --again-in FILE   what an earlier run wrote with --out: what this run found takes its place there`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'streamlib-faults-'));
const load = () => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** Whether the tests of a file pass. What they tell is for people, and not what is asked for with --json. */
async function passes(spec: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const child = spawn(join(root, 'node_modules/.bin/vitest'), ['run', spec], {
    cwd: root,
    stdio: ['ignore', values.json ? 2 : 'inherit', 'inherit'],
    env: { ...process.env, ...env },
  });
  return (await new Promise((resolve) => child.once('close', resolve))) === 0;
}

async function tryCells() {
  const report = join(folder, 'cells');
  writeFileSync(report, '');
  const ok = await passes('test/faults/matrix.spec.ts', {
    STREAMLIB_FAULTS: values.only ?? 'all',
    STREAMLIB_FAULTS_REPORT: report,
  });
  const lines = readFileSync(report, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): { readonly not_tried: readonly string[] } | CellOutcome => JSON.parse(line));
  const notTried = lines.flatMap((line) => ('not_tried' in line ? line.not_tried : []));
  const cells = lines.flatMap((line) => ('not_tried' in line ? [] : [line]));
  return { ok: ok && allPassed(cells), cells, figures: figuresOf(cells, notTried.length) };
}

/** One of the tests that tell their figures in a file. */
async function measured<T extends object>(
  name: string,
  env: (report: string) => NodeJS.ProcessEnv,
  judge: (figures: T) => boolean,
) {
  const report = join(folder, name);
  const ok = await passes(`test/faults/${name}.spec.ts`, env(report));
  const figures: T | null = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null;
  const met = ok && figures !== null && judge(figures);
  return { ok: met, figures: { ...figures, ok: met } };
}

const readEarlier = (file: string): Earlier & Pick<Report, 'machine'> =>
  JSON.parse(readFileSync(file, 'utf8'));

const noticedWithinMs = 100;
const killTimes = () =>
  measured<KillTimes>(
    'kill-times',
    (report) => ({ STREAMLIB_KILLS: values.kills, STREAMLIB_KILL_REPORT: report }),
    ({ noticed_ms: noticed, back_ms: back, fresh_start_ms: fresh }) =>
      noticed.p99 <= noticedWithinMs && back.p50 <= fresh.p50,
  );
const brokerRestarts = () =>
  measured<BrokerRestarts>(
    'broker-restarts',
    (report) => ({ STREAMLIB_RESTART_SECONDS: values.seconds, STREAMLIB_RESTART_REPORT: report }),
    ({ frames_lost: lost }) => lost === 0,
  );

try {
  const began = { at: new Date().toISOString(), load: load() };
  const only = (name: string) => values.only === undefined || values.only === name;
  const parts = {
    kill_times: only('kill-times') ? await killTimes() : null,
    broker_restarts: only('broker-restarts') ? await brokerRestarts() : null,
  };
  const alone = values.only !== undefined && Object.values(parts).some((part) => part !== null);
  const tried = alone ? null : await tryCells();
  const measurements = Object.fromEntries(
    Object.entries(parts).flatMap(([name, part]) => (part === null ? [] : [[name, part.figures]])),
  );
  const summary: Report = {
    ...tried?.figures,
    ...measurements,
    machine: { began: began.at, cores: cpus().length, load_average: [began.load, load()] },
  };
  const whole: Report =
    values['again-in'] === undefined
      ? { ...summary, ...(tried !== null && { outcomes: tried.cells }) }
      : putInto(readEarlier(values['again-in']), tried?.cells ?? [], measurements);
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(whole, null, 2)}\n`);
  if (values.markdown !== undefined) writeFileSync(values.markdown, markdown(whole));
  if (values.json) console.log(JSON.stringify(whole));
  else {
    for (const { cell, expected, outcome } of (tried?.cells ?? []).filter((each) => !each.passed))
      console.log(`FAILED  ${cell}: expected ${expected}; ${outcome}`);
    console.log(JSON.stringify(summary));
  }
  const ok = [tried, ...Object.values(parts)].every((part) => part === null || part.ok);
  process.exitCode = ok ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
