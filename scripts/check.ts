#!/usr/bin/env node
// `npm run check`: types, linters and formatters of all languages, and that generated code is current. Runs all, then tells which failed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_RUN } from './lib/audit.js';
import { npmBin, root, tool, typescriptProgram } from './lib/paths.js';
import { CommandFailed, run } from './lib/run.js';
import { say, tell } from './lib/steps.js';
import { setUp } from './setup.js';

const PYTHON = ['client-runner', 'examples'].filter((folder) => existsSync(join(root, folder)));

interface Check {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
  /** Relative to the checkout. */
  readonly cwd?: string;
}

/** A program of this checkout. */
const own = (path: string, ...args: string[]): Check['command'] => [
  process.execPath,
  ...typescriptProgram(path),
  ...args,
];

const checks: readonly Check[] = [
  // A registry that lacks a platform's package makes `npm install` drop it from the lockfile, and then nobody can install.
  { name: 'lockfile', command: ['npm', 'ci', '--dry-run', '--ignore-scripts', '--loglevel=error'] },
  { name: 'types of TypeScript', command: [npmBin('tsc'), '-b'] },
  { name: 'types of TypeScript tests', command: [npmBin('tsc'), '-p', 'tsconfig.test.json'] },
  { name: 'types of scripts', command: [npmBin('tsc'), '-p', 'tsconfig.scripts.json'] },
  { name: 'types of the benchmark', command: [npmBin('tsc'), '-p', 'bench/tsconfig.json'] },
  { name: 'direction of imports', command: own('scripts/check-direction.ts') },
  { name: 'subjects of commits', command: own('scripts/check-commits.ts') },
  { name: 'biome', command: [npmBin('biome'), 'ci', '--colors=off', '.'] },
  { name: 'rustfmt', command: ['cargo', 'fmt', '--all', '--check'] },
  {
    name: 'clippy',
    command: ['cargo', 'clippy', '--quiet', '--workspace', '--all-targets', '--', '-D', 'warnings'],
  },
  {
    name: 'clippy of the in-process backend',
    command: [
      'cargo',
      ...['clippy', '--quiet', '-p', 'streamlib-bridge', '--features', 'in-process'],
      ...['--all-targets', '--', '-D', 'warnings'],
    ],
  },
  { name: 'ruff', command: [tool('ruff'), 'check', '--quiet', ...PYTHON] },
  { name: 'ruff format', command: [tool('ruff'), 'format', '--check', '--quiet', ...PYTHON] },
  {
    name: 'mypy',
    command: [tool('python'), '-m', 'mypy', '--strict', 'python/streamlib'],
    cwd: 'client-runner',
  },
  { name: 'buf lint', command: [npmBin('buf'), 'lint'], cwd: 'proto' },
  { name: 'generated code', command: own('scripts/generate.ts', '--check') },
  { name: 'doc comments', command: own('scripts/docs/main.ts', '--check') },
  { name: 'licences', command: own('scripts/licences.ts', '--check') },
  ...['npm', 'rust', 'python'].map((part) => ({
    name: `audit of ${part}`,
    command: own('scripts/audit.ts', part),
  })),
  { name: 'shell scripts', command: own('scripts/check-shell.ts') },
];

async function main(): Promise<number> {
  await setUp({ tests: true });
  const failed: string[] = [];
  const notRun: string[] = [];
  for (const { name, command, cwd = '.' } of checks) {
    const [program, ...args] = command;
    const began = performance.now();
    try {
      await run(program, args, { cwd: join(root, cwd) });
      say(`✓ ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (error.code === `exit code ${NOT_RUN}`) {
        notRun.push(name);
        say(`- ${name}: not run: ${error.lines.at(-1)}`);
        continue;
      }
      failed.push(name);
      say(`✗ ${name}: ${error.message}`);
      for (const line of error.lines) say(`    ${line}`);
    }
  }
  if (notRun.length > 0) say(`\nNot run: ${notRun.join(', ')}.`);
  if (failed.length === 0) return 0;
  say(
    `\n${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}. \`npm run format\` mends what is only a matter of form.`,
  );
  return 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
