#!/usr/bin/env node
// `npm test`: sets up, then runs every test: Rust, TypeScript, Python. Ends with one line that adds them up.
// `npm test -- rust python` runs some of them.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { npmBin, root, state, tool } from './lib/paths.js';
import { findChromium } from './lib/requirements.js';
import { CommandFailed, run } from './lib/run.js';
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

const runners: Readonly<Record<string, () => Promise<{ tally: Tally; ok: boolean }>>> = {
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
    return { tally, ok };
  },
  typescript: async () => {
    rmSync(report, { force: true });
    const { ok } = await show(npmBin('vitest'), [
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ]);
    const tally = existsSync(report)
      ? vitestTally(JSON.parse(readFileSync(report, 'utf8')))
      : { passed: 0, failed: 0, skipped: 0 };
    return { tally, ok };
  },
  python: async () => {
    const { lines, ok } = await show(tool('python'), ['-m', 'pytest', '-q', 'client-runner/tests']);
    return { tally: pytestTally(lines), ok };
  },
};

const chosen = process.argv.slice(2);
const unknown = chosen.find((name) => !(name in runners));
if (unknown !== undefined) {
  say(`usage: npm test -- [${Object.keys(runners).join('] [')}]   (not ${unknown})`);
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
for (const name of chosen.length > 0 ? chosen : Object.keys(runners)) {
  const began = performance.now();
  console.log(`\n── ${name} ${'─'.repeat(60 - name.length)}`);
  const runner = runners[name];
  if (runner === undefined) continue;
  let { tally, ok } = await runner();
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
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = allOk ? 0 : 1;
