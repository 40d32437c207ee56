import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type InstanceLock, stateDir } from '@streamlib/host-bridge';
import { nanoid } from 'nanoid';
import type { PackageSettings } from '../../base/settings/schema.js';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { EnvironmentBuilder } from './builder.js';
import { collectEnvironments, type EnvironmentInfo, listEnvironments } from './collect.js';
import { decide, TooManyRequests } from './decide.js';
import { ensureEnvironment } from './environment.js';
import { currentEnvironment, environmentsFolder, installedIn } from './environments.js';
import { InstallError } from './installer.js';
import { pythonFits } from './python-version.js';
import { normalName, parseRequirement, type Requirement } from './requirement.js';
import { exclusive, RequestStore, type StoredRecord, thisProcess } from './store.js';
import type { InstalledPackage, PackageManager, PackageRecord, PackageRequest } from './types.js';

export interface ManagerOptions {
  readonly settings: PackageSettings;
  /** What every environment has; StreamLib's own package and what it needs. Tests bring less. */
  readonly base?: readonly string[];
  /** Where environments lie; under the state directory. */
  readonly folder?: string;
  /** Where requests, their log and the installer's files lie. */
  readonly records?: string;
  readonly uv?: string;
  /** An environment to begin with; the one that graphs use. */
  readonly begin?: () => Promise<string>;
  readonly onProgress?: (message: string) => void;
  /** Ends what is being looked up or installed. */
  readonly signal?: AbortSignal;
}

const OPEN = ['pending', 'approved', 'installing'];
/** Who asks without end is not to bury what others ask for. */
const MOST_OPEN = 50;

/**
 * The packages that code from outside may use: asked for, decided on by the settings or a person, installed into a new
 * environment beside the present one, which takes its place in one step. What runs keeps the environment that it began with.
 */
export class EnvironmentManager implements PackageManager {
  private readonly store: RequestStore;
  private readonly folder: string;
  private readonly builder: EnvironmentBuilder;
  private readonly background = new Set<Promise<unknown>>();

  constructor(private readonly options: ManagerOptions) {
    this.folder = options.folder ?? environmentsFolder();
    const records = options.records ?? join(stateDir(), 'packages');
    this.store = new RequestStore(records);
    this.builder = new EnvironmentBuilder({
      ...options,
      folder: this.folder,
      records,
      environment: () => this.environment(),
    });
  }

  get strategy(): string {
    return this.options.settings.strategy;
  }

  /** Where code that is started now finds its packages. */
  async environment(): Promise<string> {
    const current = currentEnvironment(this.folder);
    if (current !== null) return current;
    if (this.options.begin !== undefined) return this.options.begin();
    const { onProgress = () => {}, signal } = this.options;
    return (await ensureEnvironment([], { onProgress, ...(signal && { signal }) })).folder;
  }

  /** The packages that code may import now. */
  async list(): Promise<readonly InstalledPackage[]> {
    return installedIn(await this.environment());
  }

  /** The environments of the state directory, with their sizes and who uses them; the one that was used last first. */
  environments(): readonly EnvironmentInfo[] {
    return listEnvironments(this.folder);
  }

  /**
   * Removes all environments that nobody uses, but for the current one.
   *
   * @returns The names of those that were removed.
   */
  async prune(): Promise<readonly string[]> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    const lock = await exclusive(join(this.folder, 'lock'), this.options.signal);
    try {
      return collectEnvironments(this.folder, 0);
    } finally {
      lock.release();
    }
  }

  /**
   * Asks for a package. Settles as soon as the request is recorded and, where that needs nobody, decided; installation goes on
   * in the background.
   *
   * @param request - What is asked for, and why.
   * @throws {@link StreamlibError} `packages` for a request that has no meaning, or when too many wait.
   */
  async request(request: PackageRequest): Promise<PackageRecord> {
    const requirement = parseRequirement(request.package, request.version);
    const open = this.store
      .all()
      .findLast(
        ({ name, version, status }) =>
          OPEN.includes(status) && name === requirement.name && (version ?? '') === requirement.version,
      );
    if (open !== undefined) return publicForm(open);

    const present = installedIn(await this.environment()).find(({ name }) => name === requirement.name);
    if (present !== undefined && pythonFits(present.version, requirement.version)) {
      return this.record(request, requirement, {
        status: 'installed',
        detail: `${present.name} ${present.version} is installed already`,
        next: importHint(present.modules),
        installedVersion: present.version,
      });
    }
    const waiting = this.store.all().filter(({ status }) => OPEN.includes(status)).length;
    if (waiting >= MOST_OPEN) throw new TooManyRequests(waiting);
    const verdict = decide(requirement, this.options.settings);
    if (verdict.verdict === 'deny') {
      return this.record(request, requirement, { status: 'denied', detail: verdict.why, next: verdict.next });
    }
    const within = 'within' in verdict ? verdict.within : '';
    let outlook: string;
    try {
      outlook = (await this.builder.plan(this.granted(), [{ ...requirement, within }])).outlook;
    } catch (error) {
      // What cannot be installed need not be decided on.
      return this.record(request, requirement, { status: 'failed', within, ...whyOf(error) });
    }
    if (verdict.verdict === 'ask') {
      return this.record(request, requirement, {
        status: 'pending',
        within,
        detail: `${verdict.why}; it ${outlook}`,
        next: verdict.next,
      });
    }
    const granted = await this.record(request, requirement, {
      status: 'approved',
      within,
      detail: `${verdict.why}; it ${outlook}`,
      next: 'It is being installed; ask get_package_status until it says installed or failed.',
      decidedBy: 'settings',
      installer: thisProcess(),
    });
    this.inBackground(this.install(granted.id));
    return granted;
  }

  /**
   * A request by id, or the newest one for a package of that name; null where there is none.
   *
   * @param idOrPackage - The id of a request, or the name of a package.
   */
  status(idOrPackage: string): Promise<PackageRecord | null> {
    const found = this.store.find(idOrPackage, normalName(idOrPackage));
    return Promise.resolve(found === null ? null : publicForm(found));
  }

  /** All requests, oldest first. */
  requests(): readonly StoredRecord[] {
    return this.store.all();
  }

  /** The lines of the log of requests and decisions, oldest first. */
  logLines(): readonly string[] {
    return this.store.logLines();
  }

  /**
   * A person says yes: installs it, and returns how that went.
   *
   * @param idOrName - The id of a request, or the name of a package.
   * @param by - Who decides; kept in the log.
   */
  async approve(idOrName: string, by: string): Promise<PackageRecord> {
    const { id } = await this.decide(idOrName, (entry) => ({
      status: 'approved',
      detail: `approved by ${by}; ${entry.detail}`,
      next: 'It is being installed; ask get_package_status again.',
      decidedBy: by,
      installer: thisProcess(),
    }));
    return this.install(id);
  }

  /**
   * A person says no.
   *
   * @param idOrName - The id of a request, or the name of a package.
   * @param by - Who decides; kept in the log.
   * @param why - Told to whoever asked.
   */
  async deny(idOrName: string, by: string, why: string): Promise<PackageRecord> {
    return this.decide(idOrName, () => ({
      status: 'denied',
      detail: why === '' ? `denied by ${by}` : `denied by ${by}: ${why}`,
      next: 'Do without it, or request another package.',
      decidedBy: by,
    }));
  }

  /**
   * What a person asks for needs no decision; several at once are one installation.
   *
   * @param packages - Names, with versions where they matter: `pillow>=11`.
   * @param by - Who decides; kept in the log.
   */
  async add(packages: readonly string[], by: string): Promise<readonly PackageRecord[]> {
    const requirements = packages.map((text) => parseRequirement(text));
    const ids: string[] = [];
    for (const requirement of requirements) {
      const { id } = await this.record(
        { package: requirement.package, reason: `asked for by ${by}`, requestedBy: by },
        requirement,
        {
          status: 'approved',
          detail: `asked for by ${by}`,
          next: 'It is being installed.',
          decidedBy: by,
          installer: thisProcess(),
        },
      );
      ids.push(id);
    }
    await this.installAll(ids);
    const after = this.store.all();
    return ids.flatMap((id) => after.filter((entry) => entry.id === id).map(publicForm));
  }

  /** When nothing is being installed by this manager any more. */
  async settled(): Promise<void> {
    while (this.background.size > 0) await Promise.allSettled(this.background);
  }

  private inBackground(work: Promise<unknown>): void {
    const guarded = work.catch((error: unknown) => {
      this.store.log({ time: new Date().toISOString(), event: 'error', message: toError(error).message });
    });
    this.background.add(guarded);
    void guarded.finally(() => this.background.delete(guarded));
  }

  private async install(id: string): Promise<PackageRecord> {
    await this.installAll([id]);
    const entry = this.store.all().find((candidate) => candidate.id === id);
    if (entry === undefined) throw new StreamlibError('packages', `the request ${id} is gone`);
    return publicForm(entry);
  }

  private granted(): readonly StoredRecord[] {
    return this.store.all().filter(({ status }) => status === 'installed');
  }

  /** One new environment for all of them, or none. */
  private async installAll(ids: readonly string[]): Promise<void> {
    const { signal } = this.options;
    let lock: InstanceLock | null = null;
    try {
      await mkdir(this.folder, { recursive: true, mode: 0o700 });
      lock = await exclusive(join(this.folder, 'lock'), signal);
      const entries = await this.update(ids, {
        status: 'installing',
        detail: 'it is being installed into a new environment',
        next: 'Ask get_package_status again.',
        installer: thisProcess(),
      });
      const [first] = entries;
      if (first === undefined) return;
      const wanted = entries.map((entry) => ({
        ...parseRequirement(entry.package, entry.version ?? ''),
        within: entry.within,
      }));
      // Others may have been installed since it was decided.
      const planned = await this.builder.plan(this.granted(), wanted);
      this.options.onProgress?.(`installing: ${planned.outlook}`);
      const present = installedIn(await this.builder.build(planned, first.name));
      // What others wait for, too, needs no decision any more.
      const waiting = this.store.all().filter((entry) => entry.status === 'pending' && fits(entry, present));
      for (const entry of [...entries, ...waiting]) {
        const has = present.find(({ name }) => name === entry.name);
        await this.update([entry.id], {
          status: 'installed',
          detail: `${entry.name} ${has?.version ?? ''} is installed; what runs already keeps the environment that it began with`,
          next: importHint(has?.modules ?? []),
          ...(has !== undefined && { installedVersion: has.version }),
        });
      }
      collectEnvironments(this.folder);
    } catch (error) {
      await this.update(ids, { status: 'failed', ...whyOf(error) });
    } finally {
      lock?.release();
    }
  }

  private async record(
    request: PackageRequest,
    requirement: Requirement,
    rest: Pick<StoredRecord, 'status' | 'detail' | 'next'> & Partial<StoredRecord>,
  ): Promise<PackageRecord> {
    const now = new Date().toISOString();
    const entry: StoredRecord = {
      id: nanoid(10),
      package: requirement.package,
      name: requirement.name,
      version: requirement.version === '' ? null : requirement.version,
      reason: request.reason.slice(0, 1000),
      requestedBy: request.requestedBy ?? null,
      requestedAt: now,
      changedAt: now,
      within: '',
      ...rest,
    };
    await this.store.change((records) => records.push(entry));
    this.log(entry);
    return publicForm(entry);
  }

  private async decide(
    idOrName: string,
    change: (entry: StoredRecord) => Partial<StoredRecord>,
  ): Promise<PackageRecord> {
    const entry = await this.store.change((records) => {
      const name = normalName(idOrName);
      const pending = records.filter(({ status }) => status === 'pending');
      const at = records.indexOf(
        pending.find(({ id }) => id === idOrName) ??
          pending.findLast((each) => each.name === name) ??
          missing(),
      );
      const old = records[at] ?? missing();
      const changed = { ...old, ...change(old), changedAt: new Date().toISOString() };
      records[at] = changed;
      return changed;
    });
    this.log(entry);
    return publicForm(entry);

    function missing(): never {
      throw new StreamlibError(
        'packages',
        `no request for "${idOrName}" is pending; see \`streamlib packages pending\``,
      );
    }
  }

  private async update(ids: readonly string[], change: Partial<StoredRecord>): Promise<StoredRecord[]> {
    const changed = await this.store.change((records) =>
      records.flatMap((entry, index) => {
        if (!ids.includes(entry.id)) return [];
        const { installer: _, ...rest } = entry;
        const next = { ...rest, ...change, changedAt: new Date().toISOString() };
        records[index] = next;
        return [next];
      }),
    );
    for (const entry of changed) this.log(entry);
    return changed;
  }

  private log({
    changedAt,
    id,
    package: name,
    version,
    status,
    detail,
    requestedBy,
    decidedBy,
    reason,
  }: StoredRecord): void {
    this.store.log({
      time: changedAt,
      id,
      package: name,
      version,
      status,
      detail,
      requestedBy,
      decidedBy,
      reason,
    });
  }
}

function whyOf(error: unknown): { detail: string; next: string } {
  if (error instanceof InstallError) return { detail: error.failure.detail, next: error.failure.next };
  const { message, name } = toError(error);
  if (name === 'AbortError' || (error instanceof StreamlibError && error.code === 'stopped'))
    return { detail: 'it was stopped before it was done; nothing was changed', next: 'Request it again.' };
  const full = /ENOSPC/.test(message);
  return {
    detail: full ? `there is no room left on the disk; nothing was changed. ${message}` : message,
    next: full
      ? 'Ask the person who runs this to make room, then request it again.'
      : 'Tell the person who runs this.',
  };
}

function importHint(modules: readonly string[]): string {
  const [first] = modules;
  return first === undefined
    ? 'Use it.'
    : `Write \`import ${modules.slice(0, 3).join('`, `import ')}\` in the code.`;
}

function publicForm(entry: StoredRecord): PackageRecord {
  const { id, package: name, version, reason, status, detail, next, installedVersion } = entry;
  return {
    id,
    package: name,
    version,
    reason,
    status,
    detail,
    next,
    ...(installedVersion && { installedVersion }),
  };
}

function fits(entry: StoredRecord, present: readonly InstalledPackage[]): boolean {
  return present.some(({ name, version }) => name === entry.name && pythonFits(version, entry.version ?? ''));
}
