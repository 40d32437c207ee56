import { describe, expect, it } from 'vitest';
import { RELEASES } from './release.js';
import { platforms } from './stage.js';

describe('a release', () => {
  it('can build every platform that has a package', () => {
    expect(Object.keys(RELEASES).sort()).toEqual(platforms());
  });

  it('names the same C library for addon and wheel on Linux, and both kinds of Mac in one wheel', () => {
    for (const [platform, { target, cargo, wheel }] of Object.entries(RELEASES)) {
      if (platform.startsWith('linux')) {
        expect(cargo).toContain(`${target}.2.28`);
        expect(wheel).toContain('manylinux_2_28');
      } else expect(wheel).toEqual(['--target', 'universal2-apple-darwin']);
    }
  });
});
