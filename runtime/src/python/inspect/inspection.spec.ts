import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspectPython } from './inspect.js';

const REPORT = '{"processors":[]}';
const saved = process.env.STREAMLIB_HOME;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspection-'));
  process.env.STREAMLIB_HOME = join(folder, 'home');
  writeFileSync(join(folder, 'effect.py'), '');
});
afterEach(() => {
  if (saved === undefined) delete process.env.STREAMLIB_HOME;
  else process.env.STREAMLIB_HOME = saved;
  rmSync(folder, { recursive: true, force: true });
});

/** In the place of an interpreter that imports a file. */
function interpreter(script: string) {
  const python = join(folder, 'python');
  writeFileSync(python, `#!/bin/sh\n${script}\n`);
  chmodSync(python, 0o755);
  return { python, stamp: 'one', failures: new Map() };
}

const effect = () => join(folder, 'effect.py');

describe('the inspection of a Python file', () => {
  it('a file that floods the descriptor of the report is ended, and told why', async () => {
    const flooding = interpreter('while :; do head -c 65536 /dev/zero >&3; done');
    await expect(inspectPython({ file: effect() }, flooding)).rejects.toThrow(
      /could not be inspected .*\n.*more than 1024 KiB to descriptor 3/,
    );
  });

  it('a link that leads nowhere beside the file, as an editor makes for its lock, does not matter', async () => {
    symlinkSync('somebody@machine.1234', join(folder, '.#effect.py'));
    symlinkSync('round.py', join(folder, 'round.py'));
    expect(await inspectPython({ file: effect() }, interpreter(`printf '${REPORT}' >&3`))).toEqual([]);
  });

  it('is not begun for a signal that has aborted already', async () => {
    const begun = join(folder, 'begun');
    const python = interpreter(`: > ${begun}; printf '${REPORT}' >&3`);
    await expect(inspectPython({ file: effect() }, python, AbortSignal.abort())).rejects.toThrow(
      /^stopped while/,
    );
    expect(existsSync(begun)).toBe(false);
  });

  it('ends when its signal aborts, and says that it was stopped', async () => {
    const begun = join(folder, 'begun');
    const abort = new AbortController();
    const told = inspectPython(
      { file: effect() },
      interpreter(`: > ${begun}; exec sleep 1000`),
      abort.signal,
    );
    const outcome = told.catch((error: unknown) => String(error));
    await expect.poll(() => existsSync(begun)).toBe(true);
    abort.abort();
    expect(await outcome).toContain('stopped while effect.py was being looked at');
  });

  it('is at its end when its process is, also where something that left its group holds its pipes', async () => {
    const left = join(folder, 'left');
    const leaving = interpreter(
      `setsid sh -c 'echo $$ > ${left}.new; mv ${left}.new ${left}; exec sleep 1000' & printf '${REPORT}' >&3\nwhile [ ! -e ${left} ]; do sleep 0.01; done`,
    );
    try {
      expect(await inspectPython({ file: effect() }, leaving)).toEqual([]);
      expect(isRunning(Number(readFileSync(left, 'utf8')))).toBe(true);
    } finally {
      process.kill(Number(readFileSync(left, 'utf8')), 'SIGKILL');
    }
  });

  it('does not outlive the program that ended in the middle of it', async () => {
    const { python } = interpreter(
      `echo $$ > ${join(folder, 'pid.new')}; mv ${join(folder, 'pid.new')} ${join(folder, 'pid')}; exec sleep 1000`,
    );
    const inspect = new URL('../../../dist/python/inspect/inspect.js', import.meta.url).href;
    const program = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { inspectPython } from ${JSON.stringify(inspect)};
         process.on('SIGTERM', () => process.exit(130));
         await inspectPython({ file: ${JSON.stringify(effect())} }, { python: ${JSON.stringify(python)}, stamp: 'one', failures: new Map() });`,
      ],
      { stdio: 'inherit' },
    );
    try {
      await expect.poll(() => readdirSync(folder), { timeout: 20_000 }).toContain('pid');
      const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
      expect(isRunning(pid)).toBe(true);
      program.kill('SIGTERM');
      await expect.poll(() => isRunning(pid), { timeout: 10_000 }).toBe(false);
    } finally {
      program.kill('SIGKILL');
    }
  });
});
