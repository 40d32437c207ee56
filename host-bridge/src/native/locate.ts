import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One package for each, `@streamlib/host-bridge-<platform>`; the same names as the folders in `native/npm`. */
export const PLATFORMS = ['linux-x64-gnu', 'linux-arm64-gnu', 'darwin-arm64', 'darwin-x64'] as const;

export interface NativeFile {
  readonly path: string;
  /** The folder of the platform's package; null for what was built in this checkout. */
  readonly prebuilt: string | null;
}

export interface Search {
  readonly platform: string;
  readonly arch: string;
  /** What a checkout builds. Published packages never have it. */
  readonly built: string;
  readonly exists: (path: string) => boolean;
  /** The file that a package's name stands for; throws where it is not installed. */
  readonly resolve: (name: string) => string;
}

/**
 * The addon for this machine, or what to tell where there is none. What was built here comes first: whoever works on the
 * bridge must not run another one.
 */
export function findNative(search: Search): NativeFile | { readonly missing: string } {
  if (search.exists(search.built)) return { path: search.built, prebuilt: null };
  const name = platformPackage(search.platform, search.arch);
  const build =
    'in a checkout, build it with "npm run setup" (or node scripts/bootstrap.mjs scripts/build-native.ts)';
  if (name === null)
    return {
      missing: `There is no native addon for ${search.platform} on ${search.arch}: packages exist for ${PLATFORMS.join(', ')}; ${build}`,
    };
  try {
    const path = search.resolve(name);
    return { path, prebuilt: dirname(path) };
  } catch {
    return {
      missing: `The native addon was found neither at ${search.built} nor as the package ${name}, which npm leaves out with --omit=optional${search.platform === 'linux' ? ', where the C library is not glibc,' : ''} or if node_modules comes from another machine; install again on this one, or, ${build}`,
    };
  }
}

/** The one that npm installs here; npm itself looks at the C library. */
export function platformPackage(platform: string, arch: string): string | null {
  const suffix = platform === 'linux' ? `linux-${arch}-gnu` : `${platform}-${arch}`;
  return PLATFORMS.some((known) => known === suffix) ? `@streamlib/host-bridge-${suffix}` : null;
}

/** From `src/native/` (tests) as well as from `dist/native/`. */
export function nativeHere(): NativeFile | { readonly missing: string } {
  return findNative({
    platform: process.platform,
    arch: process.arch,
    built: fileURLToPath(new URL('../../dist/native/streamlib.node', import.meta.url)),
    exists: existsSync,
    resolve: (name) => createRequire(import.meta.url).resolve(name),
  });
}

/**
 * The folder of the platform's package if the addon comes from there: the wheel that fits it lies beside it. Null in a
 * checkout.
 */
export function prebuiltFolder(): string | null {
  const found = nativeHere();
  return 'missing' in found ? null : found.prebuilt;
}
