import type { ChildProcess, SpawnOptions } from 'node:child_process';
import { Socket } from 'node:net';
import { type Readable, Writable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { endsWithUs, killGroup, killWork, trackersOf } from './groups.js';
import { LineSplitter } from './lines.js';
import { startProcess } from './start-process.js';

export interface ChildSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Read by the process from descriptor 3, so that neither its command line nor its environment tells it. */
  readonly secret?: string;
  readonly onLine: (stream: 'stdout' | 'stderr', line: string) => void;
  /** Exactly once, also when the process could not be started at all. */
  readonly onExit: (exit: ChildExit) => void;
  /** A process without a task yet: it gets one by `employ()`, and until then it does not keep this program running. */
  readonly waits?: boolean;
}

/** What a waiting process gets when there is something to do. */
export interface Employment {
  /** Written to descriptor 3. */
  readonly task: string;
  readonly onLine: ChildSpec['onLine'];
  readonly onExit: ChildSpec['onExit'];
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Set when there never was a process. */
  readonly spawnError: Error | null;
  readonly stderrTail: readonly string[];
}

const TAIL_LINES = 20;
/** How often the state of a line is given out that is written over. */
const BAR_MS = 1000;
/** How long Python's resource trackers may take to clean up, and how often is looked whether they have. */
const TRACKERS_MS = 2000;
const TRACKERS_LOOK_MS = 20;
/** How long the pipes may take to drain after the exit; a grandchild could hold them open for ever. */
const DRAIN_MS = 50;

/** A subprocess in a process group of its own, with its output cut into lines. Owns the process, its group and its pipes. */
export class Child {
  /** Null when it could not be started. */
  private readonly process: ChildProcess | null;
  private readonly tail: string[] = [];
  private readonly channel: Writable | null;
  private over = false;
  private forget = () => {};
  private onLine: ChildSpec['onLine'];
  private onExit: ChildSpec['onExit'];

  constructor(spec: ChildSpec) {
    this.onLine = spec.onLine;
    this.onExit = spec.onExit;
    const withChannel = spec.secret !== undefined || spec.waits === true;
    const options: SpawnOptions = {
      env: spec.env,
      ...(spec.cwd !== undefined && { cwd: spec.cwd }),
      stdio: ['ignore', 'pipe', 'pipe', ...(withChannel ? (['pipe'] as const) : [])],
      // A session and process group of its own: a terminal's Ctrl-C reaches only the runtime, which stops it in order.
      detached: true,
    };
    this.process = startProcess(spec.command, spec.args, options, (error) => this.end(null, null, error));
    this.channel = this.openChannel();
    if (this.process === null) return;
    if (this.pid !== null) this.forget = endsWithUs(this.pid);
    this.read('stdout', this.process.stdout);
    this.read('stderr', this.process.stderr);
    if (spec.secret !== undefined) this.hand(spec.secret);
    if (spec.waits === true) this.keepsRunning(false);
    let closed = false;
    this.process.once('close', () => {
      closed = true;
    });
    this.process.once('exit', (code, signal) => {
      // What the subprocess started itself must not outlive it, and must not keep its pipes open.
      const trackers = this.pid === null ? 0 : killWork(this.pid);
      void this.afterTrackers(trackers).then(() => {
        const end = () => {
          clearTimeout(drained);
          this.end(code, signal, null);
        };
        const drained = setTimeout(end, DRAIN_MS);
        if (closed) end();
        else this.process?.once('close', end);
      });
    });
  }

  /** Null when it could not be started. */
  get pid(): number | null {
    return this.process?.pid ?? null;
  }

  get exited(): boolean {
    return this.over;
  }

  /** To the whole group; a group that is gone already is fine. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.pid === null || this.over) return;
    // Its resource trackers get their moment when it has ended.
    if (signal === 'SIGKILL') killWork(this.pid);
    else killGroup(this.pid, signal);
  }

  /** Gives resource trackers the time to remove what the group left in shared memory, then ends them too. */
  private async afterTrackers(count: number): Promise<void> {
    const { pid } = this;
    if (count === 0 || pid === null) return;
    const until = performance.now() + TRACKERS_MS;
    while (trackersOf(pid).length > 0 && performance.now() < until) await pause(TRACKERS_LOOK_MS);
    killGroup(pid, 'SIGKILL');
  }

  /** Gives a waiting process its task. From here on, its lines and its end are the employer's. */
  employ(employment: Employment): void {
    this.onLine = employment.onLine;
    this.onExit = employment.onExit;
    this.keepsRunning(true);
    this.hand(employment.task);
  }

  /** Somebody waits for the end of a process that only waits itself: this one must not end before. */
  awaitEnd(): void {
    if (!this.over) this.keepsRunning(true);
  }

  /** What stderr said until now does not explain how this process ends. */
  forgetTail(): void {
    this.tail.length = 0;
  }

  private openChannel(): Writable | null {
    const pipe = this.process?.stdio[3];
    if (!(pipe instanceof Writable)) return null;
    // It may end before it has read.
    pipe.on('error', () => {});
    return pipe;
  }

  private hand(text: string): void {
    this.channel?.end(text, () => this.channel?.destroy());
  }

  private keepsRunning(yes: boolean): void {
    const does = yes ? 'ref' : 'unref';
    this.process?.[does]();
    for (const stream of [this.process?.stdout, this.process?.stderr, this.channel]) {
      if (stream instanceof Socket) stream[does]();
    }
  }

  private read(name: 'stdout' | 'stderr', stream: Readable | null): void {
    if (stream === null) return;
    const splitter = new LineSplitter((line) => {
      if (name === 'stderr') {
        this.tail.push(line);
        if (this.tail.length > TAIL_LINES) this.tail.shift();
      }
      this.onLine(name, line);
    });
    stream.setEncoding('utf8');
    // A progress bar that writes its line over is seen as it goes on, now and then; the first state at once.
    let bar: NodeJS.Timeout | null = null;
    const show = () => {
      bar = null;
      if (!splitter.overwrites) return;
      splitter.show();
      bar = setTimeout(show, BAR_MS);
      bar.unref();
    };
    stream.on('data', (text: string) => {
      splitter.push(text);
      if (bar === null) show();
    });
    stream.once('end', () => splitter.end());
    stream.once('close', () => bar !== null && clearTimeout(bar));
    stream.on('error', () => {});
  }

  private end(code: number | null, signal: NodeJS.Signals | null, spawnError: Error | null): void {
    if (this.over) return;
    this.over = true;
    this.forget();
    this.process?.stdout?.destroy();
    this.process?.stderr?.destroy();
    this.channel?.destroy();
    this.onExit({ code, signal, spawnError, stderrTail: this.tail });
  }
}

/** "was killed by SIGKILL", "exited with code 3". */
export function describeExit(exit: ChildExit): string {
  if (exit.spawnError !== null) return `could not be started: ${exit.spawnError.message}`;
  if (exit.signal !== null) return `was killed by ${exit.signal}`;
  return `exited with code ${exit.code}`;
}
