import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SandboxSettings } from '../../base/settings/schema.js';

/** What a confined process has taken. In bytes, but for the threads. */
export interface Usage {
  /** Its own memory, and what it shares with others. */
  readonly memory: number;
  /** In files that have no name: memory files, and files that were removed while open. */
  readonly nameless: number;
  readonly threads: number;
  readonly scratch: number;
}

const MIB = 1024 * 1024;
/** Frames that others lent it, and those that it lent, are counted too. */
const SHARED_ALLOWANCE = 512 * MIB;
/** A folder with more entries than this is over its limit, whatever they hold. */
const MOST_ENTRIES = 4096;

/** Null while all is well. The kernel's limits hold some of this already; the rest it cannot limit for one process. */
export function breach(usage: Usage, settings: SandboxSettings): string | null {
  const memory = settings.memory_mb * MIB;
  if (usage.memory + usage.nameless > memory + SHARED_ALLOWANCE) {
    return `it used ${mib(usage.memory + usage.nameless)} of memory; its limit is ${settings.memory_mb} MiB`;
  }
  if (usage.threads > settings.threads) {
    return `it had ${usage.threads} threads; its limit is ${settings.threads}`;
  }
  if (usage.scratch > settings.scratch_mb * MIB) {
    return `its scratch folder held ${mib(usage.scratch)}; its limit is ${settings.scratch_mb} MiB`;
  }
  return null;
}

function mib(bytes: number): string {
  return Number.isFinite(bytes)
    ? `${Math.round(bytes / MIB)} MiB`
    : `more than ${MOST_ENTRIES} files, or folders that cannot be looked into`;
}

/** Of a process and those below it: the program that puts up the walls may be one of its own. Null when the process is gone. */
export function usageOf(pid: number, scratch: string): Usage | null {
  const sum = { memory: 0, nameless: 0, threads: 0 };
  const processes = familyOf(pid);
  if (processes.length === 0) return null;
  for (const { pid, status } of processes) {
    const kib = (name: string) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) * 1024;
    sum.memory += kib('RssAnon') + kib('RssShmem') + kib('VmSwap');
    sum.nameless += namelessFiles(pid);
    sum.threads += kib('Threads') / 1024;
  }
  return { ...sum, scratch: sizeOf(scratch, { entries: MOST_ENTRIES }) };
}

function familyOf(pid: number): { readonly pid: number; readonly status: string }[] {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
    return [{ pid, status }, ...below.flatMap((child) => familyOf(Number(child)))];
  } catch {
    return [];
  }
}

function namelessFiles(pid: number): number {
  let sum = 0;
  for (const name of namesIn(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${name}`;
    try {
      const target = readlinkSync(path);
      // What is mapped from a memory file is in the process's memory already; one in use by a pool counts twice at most.
      if (target.endsWith(' (deleted)')) sum += statSync(path).blocks * 512;
    } catch {
      // Closed meanwhile.
    }
  }
  return sum;
}

function sizeOf(folder: string, left: { entries: number }): number {
  let sum = 0;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    // A folder that may not be looked into, or lies deeper than a path can be long, is one to hide things in.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 0 : Number.POSITIVE_INFINITY;
  }
  for (const name of names) {
    if (--left.entries < 0) return Number.POSITIVE_INFINITY;
    const path = join(folder, name);
    // A link in there may lead anywhere.
    try {
      const state = lstatSync(path, { throwIfNoEntry: false });
      if (state === undefined) continue;
      sum += state.isDirectory() ? 4096 + sizeOf(path, left) : state.blocks * 512;
    } catch {
      return Number.POSITIVE_INFINITY;
    }
  }
  return sum;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
