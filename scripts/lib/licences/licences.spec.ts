import { describe, expect, it } from 'vitest';
import { cargoPackages, npmPackages, pythonNeeds } from './packages.js';
import { complaints, leftOver } from './report.js';
import { isAllowed } from './spdx.js';

describe('a licence', () => {
  it.each([
    'MIT',
    'MIT/Apache-2.0',
    'Apache-2.0 / MIT',
    'GPL-3.0-only OR MIT',
    '(MIT OR Apache-2.0) AND Unicode-3.0',
    'Apache-2.0 WITH LLVM-exception OR GPL-2.0-only',
    '3-Clause BSD License',
  ])('%s is allowed', (text) => {
    expect(isAllowed(text)).toBe(true);
  });

  it.each([
    'GPL-3.0-only',
    'MIT AND GPL-3.0-only',
    'MIT AND (GPL-3.0-only OR MPL-2.0)',
    'GPL-2.0-only WITH Classpath-exception-2.0',
    '(MIT',
    'MIT OR',
    'MIT)',
    '',
    'SEE LICENSE IN LICENSE.md',
  ])('%j is not', (text) => {
    expect(isAllowed(text)).toBe(false);
  });
});

describe('the packages that are looked at', () => {
  it('are those of npm that a user gets, on whatever platform', () => {
    const lock = {
      packages: {
        '': { license: 'Apache-2.0' },
        runtime: { name: '@streamlib/runtime' },
        'node_modules/@streamlib/runtime': { link: true },
        'node_modules/tool': { version: '1.0.0', dev: true, license: 'GPL-3.0' },
        'node_modules/a': { version: '1.0.0', license: 'MIT', optionalDependencies: { 'a-win': '1.0.0' } },
        'node_modules/a-win': { version: '1.0.0', optional: true, os: ['win32'] },
        'node_modules/a/node_modules/@x/b': { version: '2.0.0', license: 'ISC' },
        'node_modules/c': { version: '3.0.0' },
      },
    };
    expect(npmPackages(lock).map(({ name, licence }) => [name, licence])).toEqual([
      ['@x/b', 'ISC'],
      ['a', 'MIT'],
      ['a-win', 'MIT'],
      ['c', null],
    ]);
  });

  it('are the crates that the workspace is built from, not those of its tests', () => {
    const crate = (name: string, source: string | null = 'registry') => ({
      id: name,
      name,
      version: '1.0.0',
      license: 'MIT',
      source,
    });
    const dep = (pkg: string, kind: string | null) => ({ pkg, dep_kinds: [{ kind }] });
    const metadata = {
      workspace_members: ['mine', 'other'],
      packages: [
        crate('mine', null),
        crate('other', null),
        crate('a'),
        crate('b'),
        crate('test'),
        crate('theirs'),
      ],
      resolve: {
        nodes: [
          { id: 'mine', deps: [dep('a', null), dep('test', 'dev')] },
          { id: 'a', deps: [dep('b', 'build')] },
          { id: 'other', deps: [dep('theirs', null)] },
        ],
      },
    };
    expect(cargoPackages(metadata, ['mine']).map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('are the needs of the wheel', () => {
    expect(pythonNeeds('dependencies = ["grpcio>=1.66", "numpy"]')).toEqual([
      { name: 'grpcio', range: '>=1.66' },
      { name: 'numpy', range: '' },
    ]);
    expect(() => pythonNeeds('')).toThrow('no line');
  });
});

describe('what is told', () => {
  const one = (name: string, licence: string | null) => [{ name, version: '1.0.0', licence }];

  it('is each package that may not stay, and what to do', () => {
    expect(complaints('npm', one('a', 'MIT'))).toEqual([]);
    expect(complaints('npm', one('a', null))[0]).toContain('names no licence');
    expect(complaints('Rust', one('a', 'GPL-3.0-only'))[0]).toContain(
      'Rust package a 1.0.0 has the licence "GPL-3.0-only"',
    );
  });

  it('lets exceptions in by name and licence, as long as they are used', () => {
    const exceptions = { a: { licence: 'MPL-2.0', reason: 'because' } };
    expect(complaints('npm', one('a', 'MPL-2.0'), exceptions)).toEqual([]);
    expect(complaints('npm', one('a', 'GPL-3.0-only'), exceptions)).toHaveLength(1);
    expect(complaints('npm', one('b', 'MPL-2.0'), exceptions)).toHaveLength(1);
    expect(leftOver([]).length).toBeGreaterThan(0);
  });
});
