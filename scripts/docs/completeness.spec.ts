import { describe, expect, it } from 'vitest';
import { missingIn } from './complete-python.js';
import { judge } from './exceptions.js';

const docstring = { value: 'What it is.' };
const members = {
  Frame: {
    name: 'Frame',
    kind: 'class',
    docstring: { value: 'What it is.\n\nAttributes:\n    height: In rows,\n        from the top.\n' },
    members: {
      width: { name: 'width', kind: 'attribute' },
      height: { name: 'height', kind: 'attribute' },
      _hidden: { name: '_hidden', kind: 'attribute' },
    },
  },
  frame: { name: 'frame', kind: 'alias', target_path: 'streamlib.types.frame' },
  types: {
    name: 'types',
    kind: 'module',
    members: { frame: { name: 'frame', kind: 'function', docstring } },
  },
};
const streamlib = { name: 'streamlib', kind: 'module', exports: ['Frame', 'frame'], members };

describe('the check of the Python names', () => {
  it('looks into classes and behind imports, and leaves alone what is private or described by its class', () => {
    expect(missingIn(streamlib, ['streamlib.Frame', 'streamlib.frame'])).toEqual([
      'streamlib.Frame.width: has no docstring',
    ]);
  });

  it('finds a public name that no page shows, and a page for what is not there', () => {
    expect(missingIn(streamlib, ['streamlib.frame', 'streamlib.Gone'])).toEqual([
      'streamlib.Frame: stands on no page of scripts/docs/python-pages.ts',
      'streamlib.Gone: is not in the package',
    ]);
  });
});

describe('the list of exceptions', () => {
  it('lets nothing else pass', () => {
    expect(judge(['a: missing', 'b: missing'], ['a: missing'])).toEqual({
      failures: ['b: missing'],
      excepted: 1,
    });
  });

  it('has to shrink', () => {
    expect(judge([], ['a: missing']).failures).toEqual([
      'scripts/docs/exceptions.txt: remove "a: missing": it is no longer missing',
    ]);
  });
});
