import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';
import { eventually } from './eventually.js';
import { descendants, Program } from './processes.js';
import { makeSandbox, type Sandbox, type SandboxOptions } from './sandbox.js';

export const checkout = fileURLToPath(new URL('../../', import.meta.url));

/** Where the set-up compiles a program of the tests to (tsconfig.programs.json). */
export const programPath = (source: string) =>
  join(checkout, '.streamlib/programs', source.replace(/\.ts$/, '.js'));

export interface BrokerStatus {
  readonly pid: number;
  readonly runtime_count: number;
  readonly ready: number;
  readonly pending: number;
}

/** A sandbox with the command in it, and what runs there. `close` leaves nothing behind, also after a failed test. */
export class World {
  private readonly programs: Program[] = [];

  private constructor(readonly sandbox: Sandbox) {}

  static async open(label: string, options: SandboxOptions = {}): Promise<World> {
    return new World(await makeSandbox(label, options));
  }

  node(script: string, args: readonly string[] = [], cwd = checkout): Program {
    return this.with(process.execPath, [script, ...args], cwd);
  }

  /** Any program, such as another version of Node. */
  with(command: string, args: readonly string[], cwd = checkout): Program {
    const program = new Program(command, args, this.sandbox.env, cwd);
    this.programs.push(program);
    return program;
  }

  /** A program of the tests, as it was compiled: nothing but itself is in its process. */
  program(source: string, args: readonly string[] = [], cwd = checkout): Program {
    return this.node(programPath(source), args, cwd);
  }

  /** A TypeScript program of a person's, by tsx. */
  typescript(source: string, args: readonly string[] = [], cwd = checkout): Program {
    return this.with(process.execPath, ['--import', import.meta.resolve('tsx'), source, ...args], cwd);
  }

  streamlib(...args: string[]): Program {
    return this.node(join(checkout, 'cli/bin/streamlib.js'), args);
  }

  /** source → Python → sink as a program of its own. */
  graph(file: string, ...more: string[]): Program {
    const args = [join(checkout, 'test/fixtures', file), ...more];
    // In the sandbox: Node leaves a file where it ends for want of memory.
    return this.program('test/harness/graph-program.ts', args, dirname(this.sandbox.home));
  }

  /** What a command prints with `--json`; null when it fails. */
  async json<T>(...args: string[]): Promise<T | null> {
    const program = this.streamlib(...args, '--json');
    const code = await program.exited;
    return code === 0 ? (JSON.parse(program.lines.join('\n')) as T) : null;
  }

  async brokerPid(): Promise<number | null> {
    const status = await this.json<{ pid: number }>('broker', 'status');
    return status?.pid ?? null;
  }

  /** Sockets of the broker's relay and whatever else lies in the runtime directory. */
  sockets(): string[] {
    return readdirSync(dirname(this.sandbox.home), { recursive: true })
      .map(String)
      .filter((path) => path.endsWith('.sock'));
  }

  /** The same, as paths that one can connect to. */
  doors(): string[] {
    return this.sockets().map((path) => join(dirname(this.sandbox.home), path));
  }

  async close(): Promise<void> {
    const broker = await this.brokerPid();
    const pids = this.programs.flatMap((program) => [program.pid, ...descendants(program.pid)]);
    for (const pid of [...pids, ...(broker === null ? [] : [broker])]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    await eventually('everything that the test started has ended', () =>
      pids.every((pid) => !isRunning(pid)),
    );
    this.sandbox.dispose();
  }
}
