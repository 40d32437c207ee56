#!/usr/bin/env node
// The TypeScript tests on other versions of Node: `npm run test:node -- 22 24 26 [PATHS]`. All versions, if none is named.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { NODE_MAJORS, nodeProgram, whyNotTried } from './lib/node-versions.js';
import { root, state } from './lib/paths.js';
import { findChromium } from './lib/requirements.js';
import { CommandFailed, probe, run } from './lib/run.js';
import { say, tell } from './lib/steps.js';
import { type Tally, vitestTally } from './lib/tally.js';
import { setUp } from './setup.js';

const args = process.argv.slice(2);
const isMajor = (arg: string) => /^\d+$/.test(arg);
const majors = args.filter(isMajor).map(Number);
const paths = args.filter((arg) => !isMajor(arg));
const unknown = majors.find((major) => !NODE_MAJORS.includes(major));
if (unknown !== undefined) {
  say(`usage: npm run test:node -- [${NODE_MAJORS.join('] [')}] [PATHS]   (not ${unknown})`);
  process.exit(2);
}

try {
  await setUp({ tests: true });
} catch (error) {
  tell(error);
  process.exit(1);
}

/** Runs the tests on one version; null where it could not be counted. */
async function suite(node: string, major: number): Promise<{ tally: Tally | null; ok: boolean }> {
  const report = join(state, 'reports', `vitest-node-${major}.json`);
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const chromium = findChromium();
  const env = {
    // What tests start by the name `node` is this version, too.
    PATH: [dirname(node), process.env.PATH].join(delimiter),
    STREAMLIB_TEST_HOME: state,
    STREAMLIB_TOOLS: join(state, 'tools'),
    ...(chromium !== null && { STREAMLIB_CHROMIUM: chromium }),
  };
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run'];
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  let ok = true;
  try {
    await run(node, [...vitest, ...reporters, ...paths], { env, onLine: (line) => console.log(line) });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    ok = false;
  }
  const tally = existsSync(report) ? vitestTally(JSON.parse(readFileSync(report, 'utf8'))) : null;
  return { tally, ok: ok && tally !== null && tally.failed === 0 && tally.passed > 0 };
}

const summary: string[] = [];
let allOk = true;
for (const major of majors.length > 0 ? majors : NODE_MAJORS) {
  const node = nodeProgram(major);
  if (node === null) {
    // Asked for by name, a version that cannot be tried is a failure; of all, it is only named.
    allOk &&= majors.length === 0;
    summary.push(whyNotTried(major));
    continue;
  }
  const version = probe(node, ['--version']) ?? `v${major}`;
  console.log(`\n── Node ${version} ${'─'.repeat(50)}`);
  const { tally, ok } = await suite(node, major);
  allOk &&= ok;
  const counts =
    tally === null ? 'did not run' : `${tally.passed} passed ${tally.failed} failed ${tally.skipped} skipped`;
  summary.push(`Node ${version.padEnd(10)} ${counts}${ok ? '' : ' — failed'}`);
}
console.log(`\n${summary.join('\n')}`);
process.exitCode = allOk ? 0 : 1;
