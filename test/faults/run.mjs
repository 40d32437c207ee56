#!/usr/bin/env node
// `npm run faults [-- --json] [-- --only TEXT]`: every fault at every step, and what was left of each. The tests run some of them.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const { values } = parseArgs({
  options: { json: { type: 'boolean' }, only: { type: 'string' }, out: { type: 'string' } },
});
const folder = mkdtempSync(join(tmpdir(), 'streamlib-faults-'));
const report = join(folder, 'report');
writeFileSync(report, '');
try {
  const vitest = join(root, 'node_modules/.bin/vitest');
  const child = spawn(vitest, ['run', 'test/faults/matrix.spec.ts'], {
    cwd: root,
    // What it tells as it goes is for people, and not what is asked for with --json.
    stdio: ['ignore', values.json ? 2 : 'inherit', 'inherit'],
    env: { ...process.env, STREAMLIB_FAULTS: values.only ?? 'all', STREAMLIB_FAULTS_REPORT: report },
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  const cells = readFileSync(report, 'utf8')
    .trim()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  const sum = (name) => cells.reduce((total, cell) => total + cell[name], 0);
  const back = cells
    .map(({ back_ms: ms }) => ms)
    .filter((ms) => ms !== null)
    .sort((a, b) => a - b);
  const summary = {
    cells: cells.length,
    passed: cells.filter(({ passed }) => passed).length,
    frames_lost_on_ready: sum('frames_lost'),
    processes_left: sum('processes'),
    descriptors_left: sum('descriptors'),
    memory_files_left: sum('memory_files'),
    sockets_left: sum('sockets'),
    records_left: sum('records'),
    back_ms: { p50: back[back.length >> 1] ?? null, max: back.at(-1) ?? null },
    outcomes: cells,
  };
  const text = JSON.stringify(summary);
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(summary, null, 2)}\n`);
  if (values.json) console.log(text);
  else {
    for (const { cell, expected, passed, why } of cells.filter((each) => !each.passed))
      console.log(`${passed ? 'ok' : 'FAILED'}  ${cell}: expected ${expected}; ${why}`);
    const { outcomes: _, ...figures } = summary;
    console.log(JSON.stringify(figures));
  }
  process.exitCode = code === 0 && cells.length > 0 && summary.passed === cells.length ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
