import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { circles } from './graph.js';
import { readPython } from './python.js';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

it('reads imports of Python, also within functions and for types only', () => {
  const root = mkdtempSync(join(tmpdir(), 'streamlib-direction-'));
  folders.push(root);
  mkdirSync(join(root, 'box', 'inner'), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(root, 'box', name), text);
  write('__init__.py', 'from .a import A\n');
  write(
    'a.py',
    'import json\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from box.b import B\n',
  );
  write('b.py', 'def f():\n    from . import c\n');
  write('c.py', 'from .inner import d\n');
  write('inner/__init__.py', '');
  write('inner/d.py', 'from .. import a\nfrom ..b import f\n');
  const { files, arrows } = readPython('python3', root, 'box');
  expect(files).toEqual(['__init__.py', 'a.py', 'b.py', 'c.py', 'inner/__init__.py', 'inner/d.py']);
  expect(arrows.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
    '__init__.py -> a.py',
    'a.py -> b.py',
    'b.py -> c.py',
    'c.py -> inner/d.py',
    'inner/d.py -> a.py',
    'inner/d.py -> b.py',
  ]);
  expect(circles(arrows)).toEqual([['a.py', 'b.py', 'c.py', 'inner/d.py']]);
});
