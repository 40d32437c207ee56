import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** A program under test whose output is waited for line by line, each wait with a deadline. */
export class Program {
  readonly lines: string[] = [];
  readonly errors: string[] = [];
  readonly exited: Promise<number | string>;
  readonly #child: ChildProcess;
  #ended = false;
  readonly #watchers = new Set<() => void>();

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv, cwd?: string) {
    this.#child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const read = Promise.all([
      this.#collect(this.#child.stdout, this.lines),
      this.#collect(this.#child.stderr, this.errors),
    ]);
    this.exited = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', async (code, signal) => {
        // The reader hands out its last lines after the stream has ended.
        await read;
        this.#ended = true;
        resolve(code ?? signal ?? 'unknown');
        this.#changed();
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the program did not start');
    return this.#child.pid;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first line of standard output, from the given one on, that `accept` turns into something other than undefined. */
  line<T>(accept: (line: string) => T | undefined, deadlineMs = 20_000, from = 0): Promise<T> {
    return this.#search(this.lines, accept, deadlineMs, from);
  }

  /** The same for standard error. */
  error<T>(accept: (line: string) => T | undefined, deadlineMs = 20_000, from = 0): Promise<T> {
    return this.#search(this.errors, accept, deadlineMs, from);
  }

  #search<T>(
    lines: readonly string[],
    accept: (line: string) => T | undefined,
    deadlineMs: number,
    from: number,
  ): Promise<T> {
    let seen = from;
    return this.#until(() => {
      for (; seen < lines.length; seen++) {
        const found = accept(lines[seen] ?? '');
        if (found !== undefined) return found;
      }
      return undefined;
    }, deadlineMs);
  }

  /** The first JSON line whose `event` is `name`. */
  event(name: string, deadlineMs = 20_000, from = 0): Promise<Record<string, unknown>> {
    return this.line(
      (line) => {
        if (!line.startsWith('{')) return undefined;
        const parsed = JSON.parse(line) as Record<string, unknown>;
        return parsed.event === name ? parsed : undefined;
      },
      deadlineMs,
      from,
    );
  }

  #until<T>(probe: () => T | undefined, deadlineMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = probe();
        if (found === undefined && !this.#ended) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        if (found !== undefined) resolve(found);
        else reject(new Error(`the program ended first\n${this.report()}`));
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`nothing within ${deadlineMs} ms\n${this.report()}`));
      }, deadlineMs);
      this.#watchers.add(check);
      check();
    });
  }

  report(): string {
    return ['stdout:', ...this.lines.slice(-20), 'stderr:', ...this.errors.slice(-30)].join('\n  ');
  }

  /** Settles after the last line. */
  async #collect(stream: NodeJS.ReadableStream | null, into: string[]): Promise<void> {
    if (stream === null) return;
    const reader = createInterface({ input: stream });
    reader.on('line', (line) => {
      into.push(line);
      this.#changed();
    });
    await once(reader, 'close');
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Open descriptors of a process by what they are, so that a difference says what leaked. */
export function descriptors(pid: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    let target: string;
    try {
      target = readlinkSync(`/proc/${pid}/fd/${fd}`);
    } catch {
      continue;
    }
    const kind = target.replace(/\d+/g, '#');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

export function descriptorCount(pid: number): number {
  return [...descriptors(pid).values()].reduce((sum, n) => sum + n, 0);
}

/** Children of a process, and theirs. */
export function descendants(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return [];
  const direct = readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number);
  return direct.flatMap((child) => [child, ...descendants(child)]);
}

/** Subprocesses that run a Python processor; a broker that a runtime started is among its descendants, too. */
export function clients(pid: number): number[] {
  return descendants(pid).filter((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('streamlib._subprocess_runner');
    } catch {
      return false;
    }
  });
}
