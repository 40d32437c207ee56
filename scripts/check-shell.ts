#!/usr/bin/env node
// Shell scripts, for both systems: shellcheck with the shell that their first line names, that shell's own parser, and nothing that
// the bash 3.2 of macOS lacks. Those that scripts/dev-setup.sh writes are looked at too.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, state } from './lib/paths.js';
import { aptInstall } from './lib/requirements.js';
import { probe } from './lib/run.js';
import { newerThanBash32, shellOf } from './lib/shell.js';

const PARSERS: Readonly<Record<'sh' | 'bash', readonly [string, ...string[]][]>> = {
  bash: [['bash', '-n']],
  sh: [
    ['dash', '-n'],
    ['bash', '--posix', '-n'],
  ],
};

const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  .split('\0')
  .filter((path) => /(^|\/)[^./]+$|\.(sh|bash)$/.test(path));
const bin = join(state, 'bin');
const written = existsSync(bin) ? readdirSync(bin).map((name) => join(bin, name)) : [];
const scripts = [...tracked.map((path) => join(root, path)), ...written]
  .filter((path) => existsSync(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }))
  .flatMap((script) => {
    const shell = shellOf(script.text);
    return shell === null ? [] : [{ ...script, shell }];
  });

const hasShellcheck = probe('shellcheck', ['--version']) !== null || (await aptInstall('shellcheck'));
if (!hasShellcheck) console.log('shellcheck is not installed; the other checks are made without it');

let failed = 0;
const fail = (path: string, said: string) => {
  failed++;
  console.log(`${path}:\n${said.trim().replace(/^/gm, '  ')}`);
};
for (const { path, text, shell } of scripts) {
  const programs: readonly [string, ...string[]][] = [
    ...PARSERS[shell],
    ...(hasShellcheck ? [['shellcheck', '-s', shell] satisfies [string, ...string[]]] : []),
  ];
  for (const [program, ...args] of programs) {
    if (probe('sh', ['-c', `command -v ${program}`]) === null) continue;
    const { status, stdout, stderr } = spawnSync(program, [...args, path], { encoding: 'utf8' });
    if (status !== 0) fail(path, stdout + stderr);
  }
  const newer = newerThanBash32(text);
  if (newer.length > 0) fail(path, `needs a newer bash than the 3.2 of macOS:\n${newer.join('\n')}`);
}
if (scripts.length === 0) fail(root, 'no shell script was found: the check checks nothing');
console.log(`${scripts.length} shell scripts`);
process.exitCode = failed === 0 ? 0 : 1;
