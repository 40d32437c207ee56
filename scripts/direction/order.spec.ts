import { describe, expect, it } from 'vitest';
import { circles } from './graph.js';
import { findings } from './order.js';

const arrow = (from: string, to: string) => ({ from, to });
const files = ['ground/a.ts', 'middle/b.ts', 'middle/inner/c.ts', 'index.ts'];
const order = ['ground', 'middle/inner', 'middle', 'index'];
const down = [
  arrow('index.ts', 'middle/b.ts'),
  arrow('middle/b.ts', 'middle/inner/c.ts'),
  arrow('middle/inner/c.ts', 'ground/a.ts'),
];

describe('the order of folders', () => {
  it('is content when every arrow points down', () => {
    expect(findings(files, down, { order })).toEqual([]);
  });

  it('names a planted arrow upward', () => {
    const found = findings([...files, 'ground/d.ts'], [...down, arrow('ground/d.ts', 'middle/b.ts')], {
      order,
    });
    expect(found).toContain(
      'ground/d.ts imports middle/b.ts, but middle stands above ground: move what is shared down',
    );
    expect(found).toContain('a circle of folders: ground, middle, middle/inner');
  });

  it('does not let a folder and its parent import one another', () => {
    const found = findings(files, [...down, arrow('middle/inner/c.ts', 'middle/b.ts')], { order });
    expect(found).toContain('a circle of folders: middle, middle/inner');
    expect(found).toContain('a circle of files: middle/b.ts, middle/inner/c.ts');
  });

  it('names a circle of files within one folder', () => {
    const pair = [arrow('ground/a.ts', 'ground/d.ts'), arrow('ground/d.ts', 'ground/a.ts')];
    expect(findings([...files, 'ground/d.ts'], [...down, ...pair], { order })).toEqual([
      'a circle of files: ground/a.ts, ground/d.ts',
    ]);
  });

  it('wants a place for each folder, and a folder for each place', () => {
    expect(findings([...files, 'new/e.ts'], down, { order: [...order, 'old'] })).toEqual([
      'new has no place in the order',
      'old stands in the order, but there is no such folder or file',
    ]);
  });
});

describe('an exception', () => {
  const exceptions = [{ from: 'ground', to: 'middle', files: ['a.ts'], why: 'for now' }];
  const up = arrow('ground/a.ts', 'middle/b.ts');

  it('lets the file through that it names', () => {
    expect(findings(files, [...down, up], { order, exceptions })).toEqual([]);
  });

  it('lets no other file through', () => {
    const found = findings([...files, 'ground/d.ts'], [...down, up, arrow('ground/d.ts', 'middle/b.ts')], {
      order,
      exceptions,
    });
    expect(found[0]).toMatch(/^ground\/d\.ts imports middle\/b\.ts/);
  });

  it('fails when it is not needed any more', () => {
    expect(findings(files, down, { order, exceptions })).toEqual([
      'the exception for ground/a.ts -> middle is not needed any more: remove it',
    ]);
  });

  it('for a circle lets it shrink, not grow, and fails when it is gone', () => {
    const circle = (...names: string[]) =>
      names.map((name, index) => arrow(name, names[(index + 1) % names.length] ?? name));
    const rule = { order: null, circles: [{ files: ['a.rs', 'b.rs', 'c.rs'], why: 'for now' }] };
    expect(findings([], circle('a.rs', 'b.rs', 'c.rs'), rule)).toEqual([]);
    expect(findings([], circle('a.rs', 'c.rs'), rule)).toEqual([]);
    expect(findings([], circle('a.rs', 'b.rs', 'd.rs'), rule)).toEqual([
      'a circle of files: a.rs, b.rs, d.rs',
      'the circle of files a.rs, b.rs, c.rs is accepted, but not there any more: remove it',
    ]);
    expect(findings([], [], rule)).toEqual([
      'the circle of files a.rs, b.rs, c.rs is accepted, but not there any more: remove it',
    ]);
  });
});

describe('circles', () => {
  it('are groups that reach one another, each by itself', () => {
    const arrows = [
      arrow('a', 'b'),
      arrow('b', 'c'),
      arrow('c', 'a'),
      arrow('c', 'd'),
      arrow('d', 'e'),
      arrow('e', 'd'),
      arrow('e', 'f'),
    ];
    expect(circles(arrows)).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e'],
    ]);
  });
});
