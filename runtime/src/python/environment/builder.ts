import { readFileSync, rmSync, statfsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PackageSettings } from '../../base/settings/schema.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { collectEnvironments } from './collect.js';
import { environmentFor, installedIn, sizeOf, switchTo } from './environments.js';
import { InstallError, Installer, type Plan } from './installer.js';
import { BASE, findUv, findWheel, pythonOf } from './locate.js';
import { changesBetween, describeChanges, type LockedPackage, lockedPackages } from './lock-file.js';
import { type Requirement, requirementText } from './requirement.js';
import { markReady, readStamp } from './stamp.js';
import type { StoredRecord } from './store.js';

export interface BuilderOptions {
  readonly settings: PackageSettings;
  /** What every environment has; StreamLib's own package and what it needs. Tests bring less. */
  readonly base?: readonly string[];
  /** Where environments lie. */
  readonly folder: string;
  /** Where the installer's files lie. */
  readonly records: string;
  readonly uv?: string;
  /** The present environment. */
  readonly environment: () => Promise<string>;
  readonly signal?: AbortSignal;
}

/** A package with the range in which settings allow it. */
export type Wanted = Requirement & { readonly within: string };

export interface Planned {
  readonly plan: Plan;
  /** "adds circles 1.0, adds shapes 1.0" */
  readonly outlook: string;
  readonly python: string;
}

const MIB = 1024 * 1024;

/** Makes an environment beside the present one, which takes its place in one step. */
export class EnvironmentBuilder {
  constructor(private readonly options: BuilderOptions) {}

  /** What would be there with `wanted` as well. Throws an `InstallError` if it cannot be, or if there is no room for it. */
  async plan(granted: readonly StoredRecord[], wanted: readonly Wanted[]): Promise<Planned> {
    await mkdir(this.options.records, { recursive: true, mode: 0o700 });
    const environment = await this.options.environment();
    const before = installedIn(environment);
    const python = pythonOf(environment);
    const base = this.options.base ?? baseRequirements();
    const roots = new Map<string, string[]>();
    for (const { name, version, within, package: text } of granted) {
      roots.set(name, [`${text}${version ?? ''}`, ...(within === '' ? [] : [`${name}${within}`])]);
    }
    // A new request for a package takes the place of the old one's range.
    for (const entry of wanted) {
      roots.set(entry.name, [
        requirementText(entry),
        ...(entry.within === '' ? [] : [`${entry.name}${entry.within}`]),
      ]);
    }
    // What came in otherwise (a graph's own needs, say) stays, in whatever version fits.
    const locked = new Set(lockedIn(environment).map(({ name }) => name));
    const others = before.filter(({ name }) => name !== 'streamlib' && !locked.has(name) && !roots.has(name));
    const requirements = [...base, ...[...roots.values()].flat(), ...others.map(({ name }) => name)];
    const preferred = before.filter(
      ({ name }) => name !== 'streamlib' && !wanted.some((entry) => entry.name === name),
    );
    const plan = await this.installer.plan(
      python,
      requirements,
      preferred,
      wanted[0]?.name ?? '',
      this.options.signal,
    );
    this.checkRoom(plan);
    return { plan, outlook: describeChanges(changesBetween(before, plan.packages)), python };
  }

  /** The new environment, which is the present one from here on; `name` is told if it fails, and then nothing was changed. */
  async build({ plan, python }: Planned, name: string): Promise<string> {
    const { base, folder, signal } = this.options;
    const wheel = base === undefined ? findWheel() : null;
    const fresh = environmentFor({ lock: plan.lock, wheel, python }, folder);
    if (readStamp(fresh) !== null) {
      // Made before, and never changed since.
      switchTo(fresh, folder);
      return fresh;
    }
    // The lock is ours, so what is there is what somebody did not finish.
    collectEnvironments(folder);
    try {
      await this.installer.build(fresh, python, plan.lock, name, signal);
      this.checkSize(fresh, await this.options.environment());
      markReady(fresh, wheel);
      switchTo(fresh, folder);
    } catch (error) {
      rmSync(fresh, { recursive: true, force: true });
      throw error;
    }
    return fresh;
  }

  /** Not before it is needed: without uv, what is installed can be listed all the same. */
  private get installer(): Installer {
    const { uv, settings, records } = this.options;
    return new Installer(uv ?? findUv(), settings, records);
  }

  private checkRoom(plan: Plan): void {
    const { keep_free_mb: keep } = this.options.settings;
    const { bavail, bsize } = statfsSync(existingParent(this.options.folder));
    const needed = plan.packages.reduce((sum, { size }) => sum + (size ?? 0), 0);
    if (bavail * bsize - needed >= keep * MIB) return;
    throw new InstallError({
      kind: 'disk',
      detail: `the disk has ${Math.round((bavail * bsize) / MIB)} MiB left, and ${keep} MiB must stay free (keep_free_mb); nothing was changed`,
      next: 'Ask the person who runs this to make room, then request it again.',
    });
  }

  private checkSize(fresh: string, old: string): void {
    const { max_install_mb: most } = this.options.settings;
    const added = (sizeOf(fresh) - sizeOf(old)) / MIB;
    if (added <= most) return;
    throw new InstallError({
      kind: 'disk',
      detail: `it would add ${Math.round(added)} MiB, and ${most} MiB is the most for one installation (max_install_mb); nothing was changed`,
      next: 'Request a smaller package.',
    });
  }
}

function lockedIn(environment: string): LockedPackage[] {
  try {
    return lockedPackages(readFileSync(join(environment, 'pylock.toml'), 'utf8'));
  } catch {
    return [];
  }
}

function baseRequirements(): string[] {
  const wheel = findWheel();
  if (wheel === null) {
    throw new StreamlibError(
      'python_environment',
      'the Python package streamlib was not found as a wheel, so no environment can be made; run `npm run setup` in a checkout, or name the wheel in STREAMLIB_WHEEL',
    );
  }
  return [wheel.path, ...BASE];
}

function existingParent(folder: string): string {
  for (let path = folder; ; path = join(path, '..')) {
    try {
      statfsSync(path);
      return path;
    } catch {
      if (path === '/') return path;
    }
  }
}
