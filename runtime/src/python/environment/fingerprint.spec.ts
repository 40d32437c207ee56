import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { environmentFingerprint } from './fingerprint.js';

let venv: string;
let python: string;
const put = (name: string, text: string) => {
  const path = join(venv, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
};
const PACKAGES = 'lib/python3.11/site-packages';

beforeEach(() => {
  venv = mkdtempSync(join(tmpdir(), 'streamlib-fingerprint-'));
  python = join(venv, 'bin', 'python');
  put('bin/python', '');
  put('pyvenv.cfg', 'version = 3.11.7');
  put(`${PACKAGES}/numpy/__init__.py`, '');
  put(`${PACKAGES}/numpy-2.0.dist-info/RECORD`, '');
  put(`${PACKAGES}/streamlib/_runner/load.py`, 'one');
});
afterEach(() => rmSync(venv, { recursive: true }));

describe('environmentFingerprint', () => {
  it('is the same for as long as nothing changes, also when an import leaves compiled files', () => {
    const before = environmentFingerprint(python);
    put(`${PACKAGES}/numpy/__pycache__/__init__.pyc`, 'compiled');
    put(`${PACKAGES}/streamlib/__pycache__/schema.pyc`, 'compiled');
    put(`${PACKAGES}/streamlib/_runner/__pycache__/load.pyc`, 'compiled');
    expect(environmentFingerprint(python)).toBe(before);
  });

  it.each<[string, () => void]>([
    ['a package put in', () => put(`${PACKAGES}/scipy/__init__.py`, '')],
    ['a package taken away', () => rmSync(join(venv, PACKAGES, 'numpy'), { recursive: true })],
    ['another version', () => renameSync(info(), info().replace('2.0', '2.1'))],
    ['the same version installed anew', () => utimesSync(info(), 1, 1)],
    ['another build of ours', () => put(`${PACKAGES}/streamlib/_runner/load.py`, 'another')],
    ['another interpreter', () => utimesSync(python, 1, 1)],
    ['an environment made anew', () => put('pyvenv.cfg', 'version = 3.12.1')],
  ])('changes with %s', (_what, change) => {
    const before = environmentFingerprint(python);
    change();
    expect(environmentFingerprint(python)).not.toBe(before);
  });

  it('is none where there is no interpreter', () => {
    expect(environmentFingerprint(join(venv, 'bin', 'nobody'))).toBeNull();
  });
});

function info(): string {
  return join(venv, PACKAGES, 'numpy-2.0.dist-info');
}
