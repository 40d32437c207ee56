import { describe, expect, it } from 'vitest';
import { requirementsNeeds, scriptNeeds } from './needs.js';
import { pythonFits } from './python-version.js';

describe('scriptNeeds', () => {
  it('reads the block of PEP 723', () => {
    const source = `#!/usr/bin/env python
# /// script
# requires-python = ">=3.11"
# dependencies = [
#   "opencv-python-headless>=4",  # the cascade
#   'pillow',
# ]
#
# [tool.other]
# dependencies = ["not-mine"]
# ///
import cv2
`;
    expect(scriptNeeds(source, 'face.py')).toEqual({
      requirements: ['opencv-python-headless>=4', 'pillow'],
      requiresPython: '>=3.11',
      source: 'the "# /// script" block of face.py',
    });
  });

  it('finds none in a file without a block, and an empty list in an empty one', () => {
    expect(scriptNeeds('import numpy\n', 'a.py')).toBeNull();
    expect(scriptNeeds('# /// script\n# dependencies = []\n# ///\n', 'a.py')?.requirements).toEqual([]);
  });

  it('refuses what it cannot read', () => {
    expect(() => scriptNeeds('# /// script\n# dependencies = ["a" "b"]\n# ///\n', 'a.py')).toThrow(
      /a.py is malformed/,
    );
    expect(() => scriptNeeds('# /// script\n# dependencies = "a"\n# ///\n', 'a.py')).toThrow(
      /must be a list/,
    );
  });
});

describe('requirementsNeeds', () => {
  it('takes packages, not options', () => {
    expect(
      requirementsNeeds('# mine\nnumpy>=2 # fast\n\nopencv-python\n', 'requirements.txt').requirements,
    ).toEqual(['numpy>=2', 'opencv-python']);
    expect(() => requirementsNeeds('numpy\n-r more.txt\n', 'requirements.txt')).toThrow('requirements.txt:2');
  });
});

describe('pythonFits', () => {
  it.each([
    ['3.11.7', '>=3.11', true],
    ['3.11.7', '>=3.12', false],
    ['3.12.1', '>=3.11,<3.12', false],
    ['3.11.7', '~=3.11', true],
    ['3.11.7', '==3.11.*', true],
    ['3.11.7', '!=3.11.*', false],
    ['3.9.1', '>=3.11', false],
  ])('%s in %s: %s', (version, specifier, fits) => expect(pythonFits(version, specifier)).toBe(fits));
});
