import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COMMANDS, runCommand } from './main.js';
import { RecordedIo } from './testing/recorded-io.js';

describe('output that cannot be written', () => {
  const cli = fileURLToPath(new URL('../bin/streamlib.js', import.meta.url));
  const told = (args: string, to: string) =>
    spawnSync('sh', ['-c', `{ "$0" "$1" ${args} ${to}`, process.execPath, cli], { encoding: 'utf8' });

  it.runIf(existsSync('/dev/full'))('is a failure, told in one line', () => {
    const { status, stderr } = told('--version; }', '> /dev/full');
    expect(stderr).toMatch(/^error: the output could not be written: .*ENOSPC.*\n$/);
    expect(status).toBe(1);
  });

  it('to a reader that has seen enough is none', () => {
    expect(told('--help; echo "code $?" >&2; }', '| :').stderr).toBe('code 0\n');
  });
});

describe('an error', () => {
  it('shows what it holds that would steer the terminal, and its further lines are indented', async () => {
    const io = new RecordedIo();
    expect(await runCommand(['run', 'none.yaml', '--duration', 'a\x1b[2J\rb\nerror: forged'], io)).toBe(2);
    expect(io.errLines).toEqual([
      'error: "a\\x1b[2J\\x0db',
      expect.stringMatching(/^ {2}error: forged" is not a duration/),
    ]);
  });
});

describe('what the control API advises', () => {
  it.each([...new Set(Object.values(COMMANDS))])('streamlib %s is a command', async (command) => {
    const words = command.split(' ');
    const io = new RecordedIo();
    const path = words.filter((word) => !word.startsWith('-'));
    expect(await runCommand([...path, '--help'], io)).toBe(0);
    const help = io.outLines.join('\n');
    expect(help).toContain(`Usage: streamlib ${path.join(' ')}`);
    for (const option of words.filter((word) => word.startsWith('-'))) expect(help).toContain(option);
  });
});
