import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Logger } from '../../base/log/logger.js';
import { type Child, type ChildExit, describeExit } from '../../process/child.js';
import { environmentFingerprint } from '../environment/fingerprint.js';
import { cpuTimes, idleShare } from './idle.js';
import { type RunnerJob, wantsFreshInterpreter } from './job.js';
import { SpareProcess, type SpareStart } from './spare-process.js';

/** After a processor was started, the next spare waits until it has come up: it must not compete with it. */
const SETTLE_MS = 1_000;
/** A machine that stays busy gets its spare all the same, after so many looks: it costs one core some tenths of a second, once. */
const LOOKS = 5;
const IDLE_ENOUGH = 0.25;

interface Spare {
  readonly process: SpareProcess;
  readonly fingerprint: string;
  readonly end: Promise<void>;
}

/**
 * At most one spare process for each Python environment, for one runtime. A spare is used once or not at all; one whose
 * environment, variables or working directory have changed since it was started is thrown away.
 */
export class SparePool {
  private readonly spares = new Map<string, Spare>();
  private readonly timers = new Map<string, NodeJS.Timeout>();
  /** Environments in which a spare ended by itself: the fingerprint with which it did. */
  private readonly unfit = new Map<string, string>();
  private readonly ending = new Set<Promise<void>>();
  private closed = false;

  constructor(
    private readonly log: Logger,
    private readonly settleMs: number = SETTLE_MS,
    private readonly start?: SpareStart,
  ) {}

  /** Starts a spare now, if there is none. */
  warm(python: string): void {
    this.cancelTimer(python);
    if (this.closed) return;
    const fingerprint = fingerprintOf(python);
    const present = this.spares.get(python);
    if (present !== undefined) {
      if (present.fingerprint === fingerprint) return;
      this.throwAway(python, present);
    }
    if (fingerprint === null || this.unfit.get(python) === fingerprint) return;
    this.unfit.delete(python);
    let ended: () => void = () => {};
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    const died = (exit: ChildExit) => {
      this.ending.delete(end);
      ended();
      if (this.spares.get(python)?.process !== process) return;
      this.spares.delete(python);
      this.unfit.set(python, fingerprint);
      const tail = exit.stderrTail.map((line) => `\n  ${line}`).join('');
      this.log.debug(`the spare Python process ${describeExit(exit)}; processors start without one${tail}`);
    };
    const process = new SpareProcess(python, this.log, died, this.start);
    this.spares.set(python, { process, fingerprint, end });
    this.ending.add(end);
    this.log.debug('spare Python process started', { pid: process.pid });
  }

  /** The spare with the job given to it; null when there is none that fits, and one is to be started from nothing. */
  take(job: RunnerJob, file: string): Child | null {
    if (this.closed) return null;
    this.replaceLater(job.python);
    const spare = this.spares.get(job.python);
    if (spare === undefined || !spare.process.alive) return null;
    if (fingerprintOf(job.python) !== spare.fingerprint) {
      this.log.debug('the spare Python process is out of date: its environment has changed', {
        pid: spare.process.pid,
      });
      this.throwAway(job.python, spare);
      return null;
    }
    if (wantsFreshInterpreter(sourceOf(file))) return null;
    this.spares.delete(job.python);
    this.ending.delete(spare.end);
    return spare.process.employ(job);
  }

  /** Settles when no spare is left. */
  async close(): Promise<void> {
    this.closed = true;
    for (const python of [...this.timers.keys()]) this.cancelTimer(python);
    for (const [python, spare] of this.spares) this.throwAway(python, spare);
    await Promise.all(this.ending);
  }

  private throwAway(python: string, spare: Spare): void {
    this.spares.delete(python);
    spare.process.kill();
  }

  private replaceLater(python: string): void {
    this.cancelTimer(python);
    const look = (left: number) => {
      const before = cpuTimes();
      const timer = setTimeout(() => {
        if (left <= 1 || idleShare(before, cpuTimes()) >= IDLE_ENOUGH) this.warm(python);
        else look(left - 1);
      }, this.settleMs);
      timer.unref();
      this.timers.set(python, timer);
    };
    look(LOOKS);
  }

  private cancelTimer(python: string): void {
    clearTimeout(this.timers.get(python));
    this.timers.delete(python);
  }
}

/** `STREAMLIB_SPARE=0` is for machines where memory is dearer than a fast start. */
export function sparesWanted(option: boolean | undefined): boolean {
  const named = process.env.STREAMLIB_SPARE;
  if (named !== undefined && named !== '') return !/^(?:0|off|no|false)$/i.test(named);
  return option ?? true;
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
