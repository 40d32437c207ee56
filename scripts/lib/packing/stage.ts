// What goes into each package, laid out in a folder of its own. `npm pack` in the checkout would leave out the licence, and
// cannot know the platforms' packages, which are not workspaces: npm would refuse those of other systems.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root } from '../paths.js';
import type { Manifest } from './inspect.js';
import type { Native } from './release.js';

const nativePackages = join(root, 'host-bridge/native/npm');

/** Folders, and files of some kinds; nothing that tools left behind. */
const only = (kinds: RegExp) => (path: string) =>
  !/\/(\.|__)[^/]*$/.test(path) && (kinds.test(path) || statSync(path).isDirectory());

/** Folders that a package takes from elsewhere in the checkout. */
const BORROWED: Readonly<Record<string, Readonly<Record<string, (path: string) => boolean>>>> = {
  broker: { launchd: () => true },
  // For agents: what to read, and whole graphs. Films stay where they are.
  mcp: { docs: only(/\.md$/), examples: only(/\.(py|yaml)$/) },
};

export const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

export const platforms = () => readdirSync(nativePackages).sort();

/** The package for machines like this one. */
export const platformHere = () =>
  `${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : ''}`;

/** One of the workspaces. Returns its folder. */
export function stageModule(name: string, into: string): string {
  const source = join(root, name);
  const manifest = readManifest(source);
  const target = join(into, name);
  mkdirSync(target, { recursive: true });
  for (const entry of (manifest.files ?? []).filter((pattern) => !pattern.startsWith('!'))) {
    const filter = BORROWED[name]?.[entry];
    cpSync(join(filter ? root : source, entry), join(target, entry), {
      recursive: true,
      ...(filter && { filter }),
    });
  }
  // Only here: in the checkout npm would look for packages that nobody has published yet.
  finish(
    target,
    name === 'host-bridge'
      ? {
          ...manifest,
          optionalDependencies: Object.fromEntries(
            platforms().map((each) => [readManifest(join(nativePackages, each)).name, manifest.version]),
          ),
        }
      : manifest,
  );
  return target;
}

/** The addon and the wheel of one platform. They are built from one core and belong together. */
export function stageNative(platform: string, { addon, wheel }: Native, into: string): string {
  const manifest = readManifest(join(nativePackages, platform));
  const target = join(into, `native-${platform}`);
  mkdirSync(target, { recursive: true });
  const { main } = manifest;
  if (main === undefined) throw new Error(`the package for ${platform} names no main file`);
  copyFileSync(addon, join(target, main));
  // What is built for a checkout has everything for a debugger in it, which is most of the file. On a Mac it never has.
  if (platform === platformHere() && process.platform === 'linux')
    execFileSync('strip', ['--strip-debug', join(target, main)]);
  copyFileSync(wheel, join(target, basename(wheel)));
  finish(target, manifest);
  return target;
}

function finish(target: string, manifest: Manifest): void {
  copyFileSync(join(root, 'LICENSE'), join(target, 'LICENSE'));
  writeFileSync(
    join(target, 'README.md'),
    `# ${manifest.name}\n\n${manifest.description}. Part of StreamLib, which moves live video between a Node program and Python processes through shared memory.\n`,
  );
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}
