#!/usr/bin/env node
// `npm run format`: every formatter, and the linters' own safe corrections.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { npmBin, root, tool } from './lib/paths.js';
import { run } from './lib/run.js';
import { say, tell } from './lib/steps.js';
import { setUp } from './setup.js';

const PYTHON = ['client-runner', 'examples'].filter((folder) => existsSync(join(root, folder)));

try {
  await setUp({ tests: true });
  const failures: unknown[] = [];
  const commands: readonly [string, ...string[]][] = [
    [npmBin('biome'), 'check', '--write', '--colors=off', '.'],
    ['cargo', 'fmt', '--all'],
    [tool('ruff'), 'check', '--fix', '--quiet', ...PYTHON],
    [tool('ruff'), 'format', '--quiet', ...PYTHON],
  ];
  for (const [program, ...args] of commands) {
    // What one cannot mend must not keep the others from their work.
    await run(program, args).catch((error: unknown) => failures.push(error));
  }
  for (const error of failures) tell(error);
  if (failures.length === 0) say('Everything is formatted.');
  process.exitCode = failures.length === 0 ? 0 : 1;
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
