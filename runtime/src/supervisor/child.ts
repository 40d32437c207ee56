import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { LineSplitter } from './lines.js';

export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Exactly once, also when the process could not be started at all. */
  readonly onExit: (exit: ChildExit) => void;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when there never was a process. */
  readonly spawnError: Error | null;
  readonly stderrTail: readonly string[];
}

const TAIL_LINES = 20;
/** How long the pipes may take to drain after the exit; a grandchild could hold them open for ever. */
const DRAIN_MS = 50;

/** Those that run now. When this process ends without having stopped them, by an exception say, their groups end with it. */
const running = new Set<Child>();

function killAll(): void {
  for (const child of running) child.signalGroup('SIGKILL');
}

/** A subprocess in a process group of its own, with its output cut into lines. Owns the process, its group and its pipes. */
export class Child {
  private readonly process: ChildProcess;
  private readonly tail: string[] = [];
  private over = false;

  constructor(private readonly spec: ChildSpec) {
    this.process = spawn(spec.command, [...spec.args], {
      env: spec.env,
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      stdio: ['ignore', 'pipe', 'pipe'],
      // A session and process group of its own: a terminal's Ctrl-C reaches only the runtime, which stops it in order.
      detached: true,
    });
    if (running.size === 0) process.on('exit', killAll);
    running.add(this);
    this.read('stdout', this.process.stdout);
    this.read('stderr', this.process.stderr);
    this.process.once('error', (error) => {
      // Also emitted when a signal could not be sent, which says nothing about the process's end.
      if (this.process.pid === undefined) this.end(null, null, error);
    });
    this.process.once('exit', (code, signal) => {
      // What the subprocess started itself must not outlive it, and must not keep its pipes open.
      this.signalGroup('SIGKILL');
      const drained = setTimeout(() => this.end(code, signal, null), DRAIN_MS);
      this.process.once('close', () => {
        clearTimeout(drained);
        this.end(code, signal, null);
      });
    });
  }

  /** Null when it could not be started. */
  get pid(): number | null {
    return this.process.pid ?? null;
  }

  get exited(): boolean {
    return this.over;
  }

  /** To the whole group; a group that is gone already is fine. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.process.pid === undefined || this.over) return;
    try {
      process.kill(-this.process.pid, signal);
    } catch {
      // ESRCH: nobody is left.
    }
  }

  private read(name: 'stdout' | 'stderr', stream: Readable | null): void {
    if (stream === null) return;
    const splitter = new LineSplitter((line) => {
      if (name === 'stderr') {
        this.tail.push(line);
        if (this.tail.length > TAIL_LINES) this.tail.shift();
      }
      this.spec.onLine(name, line);
    });
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => splitter.push(text));
    stream.once('end', () => splitter.end());
    stream.on('error', () => {});
  }

  private end(code: number | null, signal: NodeJS.Signals | null, spawnError: Error | null): void {
    if (this.over) return;
    this.over = true;
    running.delete(this);
    if (running.size === 0) process.off('exit', killAll);
    this.process.stdout?.destroy();
    this.process.stderr?.destroy();
    this.spec.onExit({ code, signal, spawnError, stderrTail: this.tail });
  }
}

/** "was killed by SIGKILL", "exited with code 3". */
export function describeExit(exit: ChildExit): string {
  if (exit.spawnError !== null) return `could not be started: ${exit.spawnError.message}`;
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  return `exited with code ${exit.code}`;
}
