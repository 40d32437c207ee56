import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deepFolder, withoutPrivileges } from '../../testing/folders.js';
import { freshScratch, removeScratch } from './scratch.js';

const saved = process.env.STREAMLIB_HOME;
let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'scratch-'));
  process.env.STREAMLIB_HOME = home;
});
afterEach(() => {
  if (saved === undefined) delete process.env.STREAMLIB_HOME;
  else process.env.STREAMLIB_HOME = saved;
  removeScratch(home);
});

describe('the scratch folder of confined code', () => {
  it('goes, and a new node starts, also when the code took the right to look into a folder', () => {
    withoutPrivileges(home, () => {
      const folder = freshScratch('guest');
      mkdirSync(join(folder, 'blind', 'below'), { recursive: true });
      mkdirSync(join(folder, 'closed'), { mode: 0o300 });
      mkdirSync(join(folder, 'closed', 'more'), { mode: 0 });
      expect(freshScratch('guest')).toBe(folder);
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  it('goes also when folders are nested deeper than a path can be long', () => {
    const folder = freshScratch('guest');
    deepFolder(folder);
    removeScratch(folder);
    expect(existsSync(folder)).toBe(false);
  });

  it('takes nothing with it that a link in it leads to', () => {
    const kept = join(home, 'kept');
    mkdirSync(kept);
    writeFileSync(join(kept, 'file'), 'mine');
    const folder = freshScratch('guest');
    symlinkSync(kept, join(folder, 'link'));
    deepFolder(folder);
    removeScratch(folder);
    expect(existsSync(folder)).toBe(false);
    expect(readdirSync(kept)).toEqual(['file']);
  });

  it.runIf(process.getuid?.() === 0)('what cannot be removed does not keep a node from starting', () => {
    let folder = '';
    withoutPrivileges(home, () => {
      folder = freshScratch('guest');
    });
    mkdirSync(join(folder, 'of-another-user', 'below'), { recursive: true });
    withoutPrivileges(home, () => {
      expect(() => removeScratch(folder)).not.toThrow();
      expect(freshScratch('guest')).toBe(`${folder}.2`);
    });
  });
});
