import { describe, expect, it } from 'vitest';
import { importsOf, type Manifest, problemsOf } from './inspect.js';

const good: { manifest: Manifest; files: Record<string, string> } = {
  manifest: {
    name: '@streamlib/one',
    version: '1.0.0',
    description: 'One',
    license: 'Apache-2.0',
    engines: { node: '>=20.19' },
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    bin: { one: './bin/one.js' },
    dependencies: { zod: '^4.0.0', '@streamlib/two': '1.0.0' },
  },
  files: {
    'package.json': '',
    LICENSE: '',
    'bin/one.js': '#!/usr/bin/env node\nimport "../dist/index.js";\n',
    'dist/index.js':
      'import { readFileSync } from "node:fs";\nimport { z } from "zod";\nimport "@streamlib/two";\n',
    'dist/index.d.ts': '',
  },
};

interface Change {
  readonly manifest?: Partial<Manifest>;
  readonly files?: Record<string, string>;
  readonly without?: readonly string[];
}

function problems(change: Change = {}) {
  const files: Record<string, string> = { ...good.files, ...change.files };
  for (const name of change.without ?? []) delete files[name];
  return problemsOf({
    manifest: { ...good.manifest, ...change.manifest },
    files: Object.keys(files),
    read: (path) => files[path] ?? '',
    version: '1.0.0',
    names: new Set(['@streamlib/one', '@streamlib/two']),
  });
}

describe('a package', () => {
  it('that is right has no problems', () => {
    expect(problems()).toEqual([]);
  });

  it.each<[string, Change]>([
    ['the licence is LICENSE, which is not in', { without: ['LICENSE'] }],
    ['an export is ./dist/index.d.ts, which is not in', { without: ['dist/index.d.ts'] }],
    ['a command is ./bin/one.js, which is not in', { without: ['bin/one.js'] }],
    ['does not begin with #!', { files: { 'bin/one.js': '' } }],
    ['dist/a.spec.js is of no use', { files: { 'dist/a.spec.js': '' } }],
    ['dist/testing/x.js is of no use', { files: { 'dist/testing/x.js': '' } }],
    ['its version is 0.9.0, not 1.0.0', { manifest: { version: '0.9.0' } }],
    ['it is private', { manifest: { private: true } }],
    ['it has no engines', { manifest: { engines: undefined } }],
    ['imports pino, which is not among', { files: { 'dist/b.js': "import pino from 'pino';" } }],
    ['imports ./gone.js, which is not in', { files: { 'dist/b.js': "export * from './gone.js';" } }],
    ['imports ws, which is not among', { files: { 'dist/b.js': "await import('ws/server');" } }],
    [
      '@streamlib/two ^1.0.0; both ends of a wire',
      { manifest: { dependencies: { zod: '4', '@streamlib/two': '^1.0.0' } } },
    ],
    [
      'depends on @streamlib/three, which is not one',
      { manifest: { optionalDependencies: { '@streamlib/three': '1.0.0' } } },
    ],
    [
      'depends on pino by file:',
      { manifest: { dependencies: { ...good.manifest.dependencies, pino: 'file:../pino' } } },
    ],
  ])('tells: %s', (text, change) => {
    expect(problems(change)).toEqual([expect.stringContaining(text)]);
  });
});

describe('imports', () => {
  it('are found in statements and calls, and not in other text', () => {
    const code = [
      "import one from 'one';",
      'import {',
      '  a,',
      "} from 'two';",
      "export * as three from 'three';",
      "const four = await import('four');",
      "export const text = 'not one';",
      "const other = `from 'nor this'`;",
    ].join('\n');
    expect(importsOf(code)).toEqual(['one', 'two', 'three', 'four']);
  });
});
