#!/usr/bin/env node
// `npm test`: sets up, then runs every test: Rust, TypeScript, Python. Ends with one line that adds them up.
// `npm test -- rust python` runs some of them. With `--ci`, a test that is skipped without a reason in allowed-skips.ts is a failure.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ALLOWED_SKIPS } from './allowed-skips.js';
import { npmBin, root, state, tool } from './lib/paths.js';
import { findChromium } from './lib/requirements.js';
import { CommandFailed, run } from './lib/run.js';
import { cargoSkips, judge, pytestSkips, type Skip, skipLines, vitestSkips } from './lib/skips.js';
import { say, tell } from './lib/steps.js';
import { add, cargoTally, pytestTally, type Tally, vitestTally } from './lib/tally.js';
import { setUp } from './setup.js';

const chromium = findChromium();
const env = {
  // One environment for Python processors for all tests (test/harness/sandbox.ts), made by the set-up.
  STREAMLIB_TEST_HOME: state,
  STREAMLIB_TOOLS: join(state, 'tools'),
  ...(chromium !== null && { STREAMLIB_CHROMIUM: chromium }),
};
const report = join(state, 'vitest.json');

/** Shows a runner's output as it comes; returns its lines and whether it was content. */
async function show(
  command: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
): Promise<{ lines: string[]; ok: boolean }> {
  const lines: string[] = [];
  try {
    await run(command, args, {
      env: { ...env, ...more },
      onLine: (line) => {
        lines.push(line);
        console.log(line);
      },
    });
    return { lines, ok: true };
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    return { lines, ok: false };
  }
}

const hasLoom = () => {
  const path = join(root, 'host-bridge/core/Cargo.toml');
  return existsSync(path) && /\bloom\b/.test(readFileSync(path, 'utf8'));
};

interface Ran {
  readonly tally: Tally;
  readonly skips: readonly Skip[];
  readonly ok: boolean;
}

const runners: Readonly<Record<string, () => Promise<Ran>>> = {
  rust: async () => {
    const tests = await show('cargo', ['test', '--workspace', '--quiet']);
    let tally = cargoTally(tests.lines);
    let ok = tests.ok;
    // The same suite over no system at all; `npm run check:macos` runs it over the third backend.
    const inProcess = await show('cargo', [
      ...['test', '--quiet', '-p', 'streamlib-bridge', '--features', 'in-process'],
      ...['--test', 'conformance', '--test', 'round_trip'],
    ]);
    tally = add(tally, cargoTally(inProcess.lines));
    ok &&= inProcess.ok;
    if (hasLoom()) {
      // loom replaces the atomics of the whole crate, so it needs a build of its own.
      const loom = await show(
        'cargo',
        ['test', '--quiet', '--release', '-p', 'streamlib-bridge', '--lib', 'model'],
        {
          RUSTFLAGS: '--cfg loom',
          CARGO_TARGET_DIR: join(root, 'target', 'loom'),
        },
      );
      const models = cargoTally(loom.lines);
      // cargo is content with a filter that names no test.
      if (loom.ok && models.passed + models.failed === 0) {
        say('The loom build ran no test: its modules must be called `model`');
        models.failed = 1;
      }
      tally = add(tally, models);
      ok &&= loom.ok;
    }
    return { tally, ok, skips: cargoSkips(tally.skipped) };
  },
  typescript: async () => {
    rmSync(report, { force: true });
    const { ok } = await show(npmBin('vitest'), [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    if (!existsSync(report)) return { tally: { passed: 0, failed: 0, skipped: 0 }, ok, skips: [] };
    const told = JSON.parse(readFileSync(report, 'utf8'));
    return { tally: vitestTally(told), ok, skips: vitestSkips(told) };
  },
  python: async () => {
    const { lines, ok } = await show(tool('python'), ['-m', 'pytest', '-q', '-rs', 'client-runner/tests']);
    return { tally: pytestTally(lines), ok, skips: pytestSkips(lines) };
  },
};

const strict = process.argv.includes('--ci');
const chosen = process.argv.slice(2).filter((arg) => arg !== '--ci');
const unknown = chosen.find((name) => !(name in runners));
if (unknown !== undefined) {
  say(`usage: npm test -- [--ci] [${Object.keys(runners).join('] [')}]   (not ${unknown})`);
  process.exit(2);
}

try {
  await setUp({ tests: true });
} catch (error) {
  tell(error);
  process.exit(1);
}

let total = { passed: 0, failed: 0, skipped: 0 };
let allOk = true;
const summary: string[] = [];
const skipped: Skip[] = [];
for (const name of chosen.length > 0 ? chosen : Object.keys(runners)) {
  const began = performance.now();
  console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
  const runner = runners[name];
  if (runner === undefined) continue;
  let { tally, ok, skips } = await runner();
  skipped.push(...skips);
  // A runner that fails without a failed test (it did not build, or crashed) must not vanish from the sum.
  if (!ok && tally.failed === 0) tally = { ...tally, failed: 1 };
  if (tally.passed === 0 && tally.failed === 0) tally = { ...tally, failed: 1 };
  allOk &&= ok && tally.failed === 0;
  total = add(total, tally);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  summary.push(
    `${name.padEnd(12)} ${String(tally.passed).padStart(5)} passed ${String(tally.failed).padStart(4)} failed ${String(tally.skipped).padStart(4)} skipped ${seconds.padStart(5)} s`,
  );
}

console.log(`\n${summary.join('\n')}\n`);
const judged = judge(skipped, ALLOWED_SKIPS);
if (judged.length > 0) console.log(`${skipLines(judged).join('\n')}\n`);
if (strict) allOk &&= judged.every(({ reason }) => reason !== null);
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = allOk ? 0 : 1;
