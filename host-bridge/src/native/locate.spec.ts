import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { findNative, PLATFORMS, platformPackage, type Search } from './locate.js';

const packages = fileURLToPath(new URL('../../native/npm/', import.meta.url));

const search = (change: Partial<Search>): Search => ({
  platform: 'linux',
  arch: 'x64',
  built: '/checkout/streamlib.node',
  exists: () => false,
  resolve: (name) => `/modules/${name}/streamlib.node`,
  ...change,
});

describe('the addon', () => {
  it('of the checkout comes before an installed one', () => {
    expect(findNative(search({ exists: (path) => path === '/checkout/streamlib.node' }))).toEqual({
      path: '/checkout/streamlib.node',
      prebuilt: null,
    });
  });

  it.each([
    ['linux', 'x64', 'linux-x64-gnu'],
    ['linux', 'arm64', 'linux-arm64-gnu'],
    ['darwin', 'arm64', 'darwin-arm64'],
    ['darwin', 'x64', 'darwin-x64'],
  ])('for %s on %s is in the package of %s', (platform, arch, suffix) => {
    const folder = `/modules/@streamlib/host-bridge-${suffix}`;
    expect(findNative(search({ platform, arch }))).toEqual({
      path: `${folder}/streamlib.node`,
      prebuilt: folder,
    });
  });

  it('that nobody builds is told with those that exist', () => {
    expect(findNative(search({ platform: 'win32' }))).toEqual({
      missing: expect.stringMatching(
        /^There is no native addon for win32 on x64: packages exist for linux-x64-gnu, .*npm run setup/,
      ),
    });
  });

  it('that is not installed is told with why that may be', () => {
    const resolve = () => {
      throw new Error('Cannot find module');
    };
    expect(findNative(search({ resolve }))).toEqual({
      missing: expect.stringMatching(
        /neither at \/checkout\/streamlib\.node nor as the package @streamlib\/host-bridge-linux-x64-gnu.*--omit=optional.*install again/,
      ),
    });
  });
});

describe('the packages of the platforms', () => {
  it('are those that are looked for, and say for which machines they are', () => {
    expect(readdirSync(packages).sort()).toEqual([...PLATFORMS].sort());
    for (const folder of PLATFORMS) {
      const manifest = JSON.parse(readFileSync(join(packages, folder, 'package.json'), 'utf8'));
      expect(platformPackage(manifest.os[0], manifest.cpu[0])).toBe(manifest.name);
      expect(manifest.libc).toEqual(manifest.os[0] === 'linux' ? ['glibc'] : undefined);
      expect(manifest.main).toBe(`streamlib.${folder}.node`);
    }
  });
});
