#!/usr/bin/env node
// `npm run package`: the packages that users install, for this machine, into .streamlib/packages: the npm packages, one more with
// the addon and the wheel for this platform, and the wheel by itself.
//
//   --only native | modules   what one machine of a release builds: its platform's package, or the ones that are the same everywhere
//   --release                 builds addon and wheel for older systems, too, instead of taking what the set-up built
//   --platform NAME           with --release: for this one of host-bridge/native/npm
//   --out DIR                 instead of .streamlib/packages
//   --no-setup                takes what is built already
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { problemsOf } from './lib/packing/inspect.js';
import { buildRelease, type Native } from './lib/packing/release.js';
import { platformHere, platforms, readManifest, stageModule, stageNative } from './lib/packing/stage.js';
import { packages, root, state, wheels } from './lib/paths.js';
import { Missing } from './lib/requirements.js';
import { run } from './lib/run.js';
import { say, tell } from './lib/steps.js';
import { setUp } from './setup.js';

const SUMS = 'SHA256SUMS';

export interface PackOptions {
  readonly out?: string;
  readonly only?: 'native' | 'modules';
  readonly platform?: string;
  readonly release?: boolean;
}

/** Returns the paths of what was made. */
export async function packAll({
  out = join(state, 'packages'),
  only,
  platform = platformHere(),
  release = false,
}: PackOptions = {}): Promise<string[]> {
  if (!platforms().includes(platform))
    throw new Missing(
      `There is no package for ${platform}; host-bridge/native/npm has ${platforms().join(', ')}.`,
    );
  // The whole folder is replaced: it must be one of ours.
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, SUMS)))
    throw new Missing(`${out} has other things in it; name a new folder, or an empty one.`);
  const fresh = `${out}.new`;
  rmSync(fresh, { recursive: true, force: true });
  const stage = join(fresh, 'stage');
  mkdirSync(stage, { recursive: true });
  const folders: string[] = [];
  if (only !== 'native') folders.push(...packages.map((name) => stageModule(name, stage)));
  if (only !== 'modules') {
    const native = release ? await buildRelease(platform) : built();
    folders.push(stageNative(platform, native, stage));
    const { wheel } = native;
    copyFileSync(wheel, join(fresh, basename(wheel)));
  }
  // Lists the files of each as npm chose them.
  const lines = await run(
    'npm',
    ['pack', '--json', '--loglevel=error', '--pack-destination', fresh, ...folders],
    {
      env: { npm_config_ignore_scripts: 'true' },
    },
  );
  const text = lines.join('\n');
  check(folders, JSON.parse(text.slice(text.indexOf('['), text.lastIndexOf(']') + 1)));
  rmSync(stage, { recursive: true });
  writeSums(fresh);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(dirname(out), { recursive: true });
  renameSync(fresh, out);
  return readdirSync(out).map((name) => join(out, name));
}

/** What `npm pack --json` tells of a package. */
interface PackReport {
  readonly name: string;
  readonly files: readonly { readonly path: string }[];
}

function check(folders: readonly string[], packed: readonly PackReport[]): void {
  const names = new Set([
    ...packages.map((name) => readManifest(join(root, name)).name),
    ...platforms().map((name) => readManifest(join(root, 'host-bridge/native/npm', name)).name),
  ]);
  const version = readManifest(join(root, 'host-bridge')).version;
  const problems = folders.flatMap((folder) => {
    const manifest = readManifest(folder);
    const files = (packed.find(({ name }) => name === manifest.name)?.files ?? []).map(({ path }) => path);
    const read = (path: string) => readFileSync(join(folder, path), 'utf8');
    return problemsOf({ manifest, files, read, version, names }).map(
      (problem) => `${manifest.name}: ${problem}`,
    );
  });
  if (problems.length > 0) throw new Missing(`The packages are not right:\n    ${problems.join('\n    ')}`);
}

/** What the set-up has built for this machine. */
function built(): Native {
  const addon = join(root, 'host-bridge/dist/native/streamlib.node');
  const wheel = existsSync(wheels) ? readdirSync(wheels).find((file) => file.endsWith('.whl')) : undefined;
  if (!existsSync(addon) || wheel === undefined)
    throw new Missing(`${addon} or the wheel in ${wheels} is not there; run \`npm run setup\` first.`);
  return { addon, wheel: join(wheels, wheel) };
}

function writeSums(folder: string): void {
  const sums = readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, SUMS), sums.join(''));
}

if (process.argv[1] === import.meta.filename) {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string' },
        release: { type: 'boolean' },
        platform: { type: 'string' },
        out: { type: 'string' },
        'no-setup': { type: 'boolean' },
      },
    });
    const { only } = values;
    if (only !== undefined && only !== 'native' && only !== 'modules')
      throw new Missing(`--only takes native or modules, not ${only}`);
    if (values.platform !== undefined && !values.release)
      throw new Missing('--platform goes with --release: without it, what is built here is for this machine');
    if (!values['no-setup']) await setUp();
    const made = await packAll({
      ...(only !== undefined && { only }),
      ...(values.out && { out: resolve(values.out) }),
      ...(values.platform && { platform: values.platform }),
      release: values.release ?? false,
    });
    for (const path of made) say(path);
  } catch (error) {
    tell(error);
    process.exitCode = 1;
  }
}
