import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { BridgeError, InstanceLock, isRunning, startedAt } from '@streamlib/host-bridge';
import { z } from 'zod';
import { StreamlibError, toError } from '../../base/streamlib-error.js';

export const STATUSES = ['pending', 'approved', 'installing', 'installed', 'denied', 'failed'] as const;

const record = z.object({
  id: z.string(),
  package: z.string(),
  /** The name by which packages are compared. */
  name: z.string(),
  version: z.string().nullable(),
  /** A further range that the list of allowed packages sets. */
  within: z.string().default(''),
  reason: z.string(),
  requestedBy: z.string().nullable(),
  status: z.enum(STATUSES),
  detail: z.string(),
  next: z.string(),
  installedVersion: z.string().optional(),
  requestedAt: z.string(),
  changedAt: z.string(),
  decidedBy: z.string().optional(),
  /** Who installs it, from when it is approved until it is installed or not. */
  installer: z.object({ pid: z.number(), startedAt: z.number().nullable() }).optional().catch(undefined),
});
export type StoredRecord = z.infer<typeof record>;
const file = z.object({ version: z.literal(1), records: z.array(record) });

/** Old ones go first; those that are open or installed stay. */
const MOST_RECORDS = 1000;
const MOST_LOG_BYTES = 4 * 1024 * 1024;
const LOCK_POLL_MS = 25;

/** The requests of all runtimes of this user, in one file; and the log of what became of them. */
export class RequestStore {
  private readonly path: string;
  private readonly logPath: string;

  constructor(private readonly folder: string) {
    this.path = join(folder, 'requests.json');
    this.logPath = join(folder, 'packages.log');
  }

  all(): StoredRecord[] {
    if (!existsSync(this.path)) return [];
    try {
      const { records } = file.parse(JSON.parse(readFileSync(this.path, 'utf8')));
      return records.map(withoutDeadInstaller);
    } catch (cause) {
      throw new StreamlibError(
        'packages',
        `${this.path} could not be read: ${toError(cause).message}; move it away to begin with an empty one`,
        { cause },
      );
    }
  }

  /** By id, or the newest for a package of that name. */
  find(idOrName: string, normal: string): StoredRecord | null {
    const records = this.all();
    return (
      records.find(({ id }) => id === idOrName) ?? records.findLast(({ name }) => name === normal) ?? null
    );
  }

  /** Reads, changes and writes while nobody else does. */
  async change<R>(act: (records: StoredRecord[]) => R): Promise<R> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const lock = await exclusive(`${this.path}.lock`);
    try {
      const records = this.all();
      const result = act(records);
      const closed = records.filter(({ status }) => status === 'denied' || status === 'failed');
      const surplus = new Set(closed.slice(0, Math.max(0, records.length - MOST_RECORDS)));
      const kept = records.filter((entry) => !surplus.has(entry));
      const fresh = `${this.path}.${process.pid}`;
      writeFileSync(fresh, `${JSON.stringify({ version: 1, records: kept }, null, 1)}\n`, { mode: 0o600 });
      renameSync(fresh, this.path);
      return result;
    } finally {
      lock.release();
    }
  }

  log(entry: Record<string, unknown>): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    if ((statSync(this.logPath, { throwIfNoEntry: false })?.size ?? 0) > MOST_LOG_BYTES) {
      renameSync(this.logPath, `${this.logPath}.1`);
    }
    appendFileSync(this.logPath, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  logLines(): string[] {
    if (!existsSync(this.logPath)) return [];
    return readFileSync(this.logPath, 'utf8').trimEnd().split('\n');
  }
}

function withoutDeadInstaller(entry: StoredRecord): StoredRecord {
  const { installer, ...rest } = entry;
  const under = entry.status === 'installing' || entry.status === 'approved';
  if (!under || (installer !== undefined && isAtWork(installer))) return entry;
  return {
    ...rest,
    status: 'failed',
    detail: 'the process that was to install it ended before it was done; nothing was changed',
    next: 'Request it again.',
  };
}

type InstallerProcess = NonNullable<StoredRecord['installer']>;

export function thisProcess(): InstallerProcess {
  return { pid: process.pid, startedAt: startedAt(process.pid) };
}

/** A number that has passed to another process does not keep a request waiting for ever. */
function isAtWork({ pid, startedAt: began }: InstallerProcess): boolean {
  return isRunning(pid) && startedAt(pid) === began;
}

/** Waits for a lock that others hold for a moment, or as long as an installation takes. */
export async function exclusive(path: string, signal?: AbortSignal): Promise<InstanceLock> {
  for (;;) {
    try {
      return InstanceLock.acquire(path);
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'locked') throw error;
    }
    await pause(LOCK_POLL_MS, undefined, signal && { signal });
  }
}
