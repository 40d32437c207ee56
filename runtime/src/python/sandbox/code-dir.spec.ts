import { describe, expect, it } from 'vitest';
import { codeDirOf } from './code-dir.js';

const broad = ['/home/ada', '/tmp', '/home/ada/project/.streamlib'];

describe('what confined code may read as its own', () => {
  it.each([
    ['/home/ada/effects/blur.py', '/home/ada/effects'],
    ['/tmp/work/blur.py', '/tmp/work'],
    [
      '/home/ada/project/.streamlib/agents/r1/blur-1/blur.py',
      '/home/ada/project/.streamlib/agents/r1/blur-1',
    ],
    ['/home/ada/blur.py', '/home/ada/blur.py'],
    ['/home/blur.py', '/home/blur.py'],
    ['/blur.py', '/blur.py'],
    ['/tmp/blur.py', '/tmp/blur.py'],
    ['/home/ada/project/blur.py', '/home/ada/project/blur.py'],
  ])('of %s is %s', (file, own) => {
    expect(codeDirOf(file, broad)).toBe(own);
  });
});
