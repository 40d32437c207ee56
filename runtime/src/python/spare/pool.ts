import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from '../../base/log/logger.js';
import { type Child, type ChildExit, describeExit } from '../../process/child.js';
import { environmentFingerprint } from '../environment/fingerprint.js';
import { cpuTimes, idleShare } from './idle.js';
import { type RunnerJob, wantsFreshInterpreter } from './job.js';
import { plainSpare, SpareProcess, type SpareStart } from './spare-process.js';

/** After a processor was started, the next spare waits until it has come up: it must not compete with it. */
const SETTLE_MS = 1_000;
/** A machine that stays busy gets its spare all the same, after so many looks: it costs one core some tenths of a second, once. */
const LOOKS = 5;
const IDLE_ENOUGH = 0.25;

/** More would not be a reserve but a load. */
export const MOST_SPARES = 64;

/** `confined`: one that confines itself as soon as it has a job, see `sandbox/spare.ts`. */
export type SpareKind = 'plain' | 'confined';

/** How the spares of each kind are started; of a kind that is not named there are none. */
export type SpareStarts = Partial<Readonly<Record<SpareKind, SpareStart>>>;

/** Spare Python processes, and what became of them. */
export interface SpareCounts {
  /** Processes in reserve now, also those that still make their imports. */
  readonly waiting: number;
  /** Jobs that one was given to. */
  readonly taken: number;
  /** Jobs for which there was none that fitted. */
  readonly missed: number;
  /** Processes that were out of date, or one too many. */
  readonly discarded: number;
  /** Processes that ended by themselves. */
  readonly died: number;
}

interface Spare {
  readonly process: SpareProcess;
  readonly fingerprint: string;
  readonly end: Promise<void>;
}

/** The spares of one kind in one environment, the oldest first. */
interface Shelf {
  readonly python: string;
  readonly kind: SpareKind;
  readonly spares: Spare[];
  timer: NodeJS.Timeout | null;
  /** The fingerprint with which a spare ended by itself: no other is started until it has changed. */
  unfit: string | null;
}

/**
 * Spare processes for each Python environment, for all runtimes of a process. A spare is used once or not at all; one whose
 * environment, variables or working directory have changed since it was started is thrown away. They end with this process, also
 * when it is killed.
 */
export class SparePool {
  private readonly shelves = new Map<string, Shelf>();
  private readonly ending = new Set<Promise<void>>();
  private readonly sizes: Record<SpareKind, number> = { plain: 1, confined: 1 };
  private readonly counted = { taken: 0, missed: 0, discarded: 0, died: 0 };
  private closed = false;

  constructor(
    private readonly log: Logger,
    private readonly settleMs: number = SETTLE_MS,
    private readonly starts: SpareStarts = { plain: plainSpare },
  ) {}

  get counts(): SpareCounts {
    let waiting = 0;
    for (const { spares } of this.shelves.values()) waiting += spares.length;
    return { waiting, ...this.counted };
  }

  /** How many spares of a kind are kept for each environment, from 0 to `MOST_SPARES`; 1 by default. */
  resize(kind: SpareKind, count: number): void {
    const size = Math.min(MOST_SPARES, Math.max(0, count));
    const grows = size > this.sizes[kind];
    this.sizes[kind] = size;
    for (const shelf of this.shelves.values()) {
      if (shelf.kind !== kind) continue;
      for (const spare of shelf.spares.slice(size)) this.throwAway(shelf, spare);
      if (grows && !this.closed) this.refillLater(shelf);
    }
  }

  /** Starts a spare now, if there is none; further ones, up to the size, follow when the machine has time. */
  warm(python: string, kind: SpareKind = 'plain'): void {
    const shelf = this.shelf(python, kind);
    this.cancelTimer(shelf);
    if (this.closed) return;
    const fingerprint = fingerprintOf(python);
    for (const spare of [...shelf.spares])
      if (spare.fingerprint !== fingerprint) this.throwAway(shelf, spare);
    if (fingerprint === null || shelf.unfit === fingerprint) return;
    shelf.unfit = null;
    if (shelf.spares.length === 0 && this.sizes[kind] > 0) this.startOne(shelf, fingerprint);
    if (shelf.spares.length < this.sizes[kind]) this.refillLater(shelf);
  }

  /** A spare with the job given to it; null when there is none that fits, and one is to be started from nothing. */
  take(job: RunnerJob, file: string): Child | null {
    if (this.closed) return null;
    const kind: SpareKind = job.policy === undefined ? 'plain' : 'confined';
    if (this.sizes[kind] === 0 || this.starts[kind] === undefined) return null;
    const shelf = this.shelf(job.python, kind);
    this.refillLater(shelf);
    const spare = wantsFreshInterpreter(sourceOf(file)) ? null : this.fitting(shelf);
    if (spare === null) {
      this.counted.missed++;
      return null;
    }
    remove(shelf.spares, spare);
    this.ending.delete(spare.end);
    this.counted.taken++;
    return spare.process.employ(job);
  }

  /** Settles when no spare is left. */
  async close(): Promise<void> {
    this.closed = true;
    for (const shelf of this.shelves.values()) {
      this.cancelTimer(shelf);
      for (const spare of [...shelf.spares]) this.throwAway(shelf, spare);
    }
    await Promise.all(this.ending);
  }

  private shelf(python: string, kind: SpareKind): Shelf {
    const key = `${kind} ${python}`;
    const found = this.shelves.get(key);
    if (found !== undefined) return found;
    const made: Shelf = { python, kind, spares: [], timer: null, unfit: null };
    this.shelves.set(key, made);
    return made;
  }

  /** The oldest that lives and is up to date; those that are not are thrown away. */
  private fitting(shelf: Shelf): Spare | null {
    if (shelf.spares.length === 0) return null;
    const fingerprint = fingerprintOf(shelf.python);
    for (const spare of [...shelf.spares]) {
      if (!spare.process.alive) continue;
      if (spare.fingerprint === fingerprint) return spare;
      this.log.debug('the spare Python process is out of date: its environment has changed', {
        pid: spare.process.pid,
      });
      this.throwAway(shelf, spare);
    }
    return null;
  }

  private startOne(shelf: Shelf, fingerprint: string): void {
    const start = this.starts[shelf.kind];
    if (start === undefined) return;
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const died = (exit: ChildExit) => {
      this.ending.delete(end);
      ended();
      const spare = shelf.spares.find((item) => item.process === process);
      if (spare === undefined) return;
      remove(shelf.spares, spare);
      shelf.unfit = fingerprint;
      this.counted.died++;
      const tail = exit.stderrTail.map((line) => `\n  ${line}`).join('');
      this.log.debug(`the spare Python process ${describeExit(exit)}; processors start without one${tail}`);
    };
    const process = new SpareProcess(shelf.python, this.log, died, start);
    shelf.spares.push({ process, fingerprint, end });
    this.ending.add(end);
    this.log.debug('spare Python process started', { pid: process.pid });
  }

  private throwAway(shelf: Shelf, spare: Spare): void {
    remove(shelf.spares, spare);
    this.counted.discarded++;
    spare.process.kill();
  }

  private refillLater(shelf: Shelf): void {
    this.cancelTimer(shelf);
    const look = (left: number) => {
      const before = cpuTimes();
      shelf.timer = setTimeout(() => {
        if (left <= 1 || idleShare(before, cpuTimes()) >= IDLE_ENOUGH) this.refill(shelf);
        else look(left - 1);
      }, this.settleMs);
      shelf.timer.unref();
    };
    look(LOOKS);
  }

  /** One at a time: what they import in common, they would all import at once. */
  private refill(shelf: Shelf): void {
    const fingerprint = fingerprintOf(shelf.python);
    const hasRoom = shelf.spares.length < this.sizes[shelf.kind];
    if (hasRoom && shelf.spares.length > 0 && fingerprint !== null && shelf.unfit !== fingerprint)
      this.startOne(shelf, fingerprint);
    this.warm(shelf.python, shelf.kind);
  }

  private cancelTimer(shelf: Shelf): void {
    if (shelf.timer !== null) clearTimeout(shelf.timer);
    shelf.timer = null;
  }
}

function remove<T>(list: T[], item: T): void {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
}

/** What a process started now would have been shaped by. */
function fingerprintOf(python: string): string | null {
  const environment = environmentFingerprint(python);
  if (environment === null) return null;
  return createHash('sha256')
    .update(environment)
    .update(workingDirectory())
    .update(JSON.stringify(process.env))
    .digest('hex');
}

function workingDirectory(): string {
  try {
    return process.cwd();
  } catch {
    return '';
  }
}

function sourceOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
