import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { packageFindings } from './check.js';
import { isProduction, readImports, specifiers } from './typescript.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('what a TypeScript file imports', () => {
  it('is every import, that of types and the dynamic one included', () => {
    const text = `
      import { a } from './a.js';
      import type { B } from './b.js';
      import * as c from './c.js';
      import d, { type E } from './d.js';
      import './f.js';
      export { g } from './g.js';
      export type * from './h.js';
      import {
        one,
        type Two,
      } from './i.js';
      const later = () => import('./j.js');
    `;
    expect(specifiers(text)).toEqual('abcdfghij'.split('').map((name) => `./${name}.js`));
  });

  it('is nothing that stands in a comment', () => {
    expect(
      specifiers(`// import { a } from './a.js';\n/* import './b.js'; */\nimport 'c'; // './d.js'`),
    ).toEqual(['c']);
  });

  it('is taken from production code only', () => {
    expect(['a.ts', 'a.spec.ts', 'testing/a.ts', 'x/testing/a.ts', 'a.d.ts'].filter(isProduction)).toEqual([
      'a.ts',
    ]);
  });

  it('is read from the files of a folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'streamlib-direction-'));
    folders.push(folder);
    mkdirSync(join(folder, 'deep'));
    writeFileSync(
      join(folder, 'deep', 'a.ts'),
      "import { b } from '../b.js';\nimport '@streamlib/proto/x';\n",
    );
    writeFileSync(join(folder, 'b.ts'), "import type { A } from './deep/a.js';\n");
    writeFileSync(join(folder, 'b.spec.ts'), "import './deep/a.js';\n");
    expect(readImports(folder, '@streamlib/')).toEqual({
      files: ['b.ts', 'deep/a.ts'],
      arrows: [
        { from: 'b.ts', to: 'deep/a.ts' },
        { from: 'deep/a.ts', to: 'b.ts' },
      ],
      packages: [{ file: 'deep/a.ts', name: '@streamlib/proto' }],
    });
  });
});

describe('packages', () => {
  const names = new Map(
    ['proto', 'host-bridge', 'runtime', 'broker', 'cli'].map((each) => [`@x/${each}`, each]),
  );
  const order = ['proto', 'host-bridge', 'runtime', 'broker', 'cli'];
  const only = { broker: ['proto', 'host-bridge'] };
  const found = (folder: string, name: string) =>
    packageFindings(folder, { packages: [{ file: 'a.ts', name }] }, names, order, only);

  it('import those below', () => {
    expect(found('cli', '@x/runtime')).toEqual([]);
    expect(found('broker', '@x/proto')).toEqual([]);
  });

  it.each([
    ['runtime', '@x/cli', 'a package above'],
    ['runtime', '@x/broker', 'a package above'],
    ['runtime', '@x/runtime', 'its own package'],
    ['runtime', '@x/other', 'no package of this repository'],
    ['broker', '@x/runtime', 'may import proto, host-bridge'],
    ['other', '@x/proto', 'no place among the packages'],
  ])('%s that imports %s is named', (folder, name, words) => {
    expect(found(folder, name)).toEqual([expect.stringContaining(words)]);
  });
});
