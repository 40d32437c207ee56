#!/usr/bin/env node
// Asks for known weaknesses of the packages that a user of StreamLib gets: `node scripts/bootstrap.mjs scripts/audit.ts npm|rust|python`.
// Exit code 0: none that matters; 1: there are; 3: nobody could be asked, which is not the same as none.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_RUN, npmVerdict, pythonVerdict, rustVerdict, type Verdict } from './lib/audit.js';
import { root, state, tool } from './lib/paths.js';
import { say } from './lib/steps.js';

/** A registry that does not answer must not hold up the other checks. */
const DEADLINE_MS = 30_000;

/** What it printed, whatever its exit code: auditors end with 1 when they find something. Null: it is not installed, or too slow. */
function output(program: string, args: readonly string[]): string | null {
  const { error, stdout } = spawnSync(program, args, {
    cwd: root,
    encoding: 'utf8',
    timeout: DEADLINE_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
  return error === undefined ? stdout : null;
}

const missing = (what: string): Verdict => ({
  state: 'not run',
  lines: [`no audit data to be had here: ${what}`],
});

function python(): Verdict {
  const program = existsSync(tool('pip-audit')) ? tool('pip-audit') : 'pip-audit';
  const lib = join(process.env.STREAMLIB_VENV ?? join(state, 'venv'), 'lib');
  const site = existsSync(lib)
    ? readdirSync(lib)
        .map((name) => join(lib, name, 'site-packages'))
        .find((path) => existsSync(path))
    : undefined;
  if (site === undefined) return missing('there is no Python environment yet');
  const text = output(program, ['--format', 'json', '--progress-spinner', 'off', '--path', site]);
  return text === null
    ? missing('pip-audit is not installed, or gave no answer')
    : pythonVerdict(text, ['streamlib']);
}

function rust(): Verdict {
  const text = output('cargo', ['audit', '--json']);
  return text === null || text === ''
    ? missing('cargo-audit is not installed, or gave no answer')
    : rustVerdict(text);
}

function npm(): Verdict {
  const text = output('npm', ['audit', '--omit=dev', '--json']);
  return text === null ? missing('npm gave no answer') : npmVerdict(text);
}

const part = new Map(Object.entries({ npm, rust, python })).get(process.argv[2] ?? '');
if (part === undefined) {
  say('usage: node scripts/bootstrap.mjs scripts/audit.ts npm|rust|python');
  process.exitCode = 2;
} else {
  const { state: result, lines } = part();
  for (const line of lines) say(line);
  process.exitCode = { passed: 0, failed: 1, 'not run': NOT_RUN }[result];
}
