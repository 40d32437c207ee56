// Builds the addon and the wheel as they are given away: for systems that are older than this one, and on a Mac for both kinds.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, tool } from '../paths.js';
import { run } from '../run.js';

/** Debian 10 and what came since; Node 20 asks for the same. */
const GLIBC = '2.28';
const MACOS = '12.0';

export interface Release {
  readonly target: string;
  readonly cargo: readonly string[];
  readonly library: string;
  readonly wheel: readonly string[];
  /** Python packages that the build needs, by a file of requirements. */
  readonly tools: string | null;
  readonly env: NodeJS.ProcessEnv;
}

/** Both are built from one core and belong together. */
export interface Native {
  readonly addon: string;
  readonly wheel: string;
}

export const RELEASES: Readonly<Record<string, Release>> = {
  'linux-x64-gnu': linux('x86_64-unknown-linux-gnu'),
  'linux-arm64-gnu': linux('aarch64-unknown-linux-gnu'),
  'darwin-arm64': darwin('aarch64-apple-darwin'),
  'darwin-x64': darwin('x86_64-apple-darwin'),
};

function linux(target: string): Release {
  return {
    target,
    // Links against the oldest C library that it names, whichever this machine has.
    cargo: ['zigbuild', '--target', `${target}.${GLIBC}`],
    library: 'libstreamlib_native.so',
    wheel: ['--zig', '--target', target, '--compatibility', `manylinux_${GLIBC.replace('.', '_')}`],
    tools: 'scripts/release-requirements.txt',
    env: {},
  };
}

function darwin(target: string): Release {
  return {
    target,
    cargo: ['build', '--target', target],
    library: 'libstreamlib_native.dylib',
    // One file for both kinds.
    wheel: ['--target', 'universal2-apple-darwin'],
    tools: null,
    env: { MACOSX_DEPLOYMENT_TARGET: MACOS },
  };
}

/** Returns the paths of both. The targets' standard libraries have to be installed (`rustup target add`). */
export async function buildRelease(platform: string): Promise<Native> {
  const release = RELEASES[platform];
  if (release === undefined) throw new Error(`there is no way to build for ${platform}`);
  const { target, cargo, library, wheel, tools, env: more } = release;
  if (tools !== null) await run(tool('python'), ['-m', 'pip', 'install', '--quiet', '-r', tools]);
  // A folder of its own: another linker and other settings must not undo what the checkout has built.
  const targetDir = join(root, 'target', 'release-packages');
  const out = join(targetDir, 'wheels', platform);
  const env = {
    ...more,
    CARGO_TARGET_DIR: targetDir,
    CARGO_PROFILE_RELEASE_STRIP: 'debuginfo',
    PATH: `${dirname(tool('maturin'))}:${process.env.PATH}`,
  };
  await run('cargo', [...cargo, '--release', '--locked', '--quiet', '-p', 'streamlib-native'], { env });
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  await run(
    tool('maturin'),
    [
      'build',
      '--release',
      '--locked',
      '--quiet',
      ...['--manifest-path', 'client-runner/Cargo.toml', '--interpreter', tool('python')],
      ...wheel,
      ...['--out', out],
    ],
    { env },
  );
  const [name] = readdirSync(out);
  const addon = join(targetDir, target, 'release', library);
  if (name === undefined || !existsSync(addon)) throw new Error(`nothing was built for ${platform}`);
  return { addon, wheel: join(out, name) };
}
