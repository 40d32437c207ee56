import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Caller } from './caller.js';

const program = fileURLToPath(new URL('../../bin/streamlib-broker.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The real program, in a process of its own. */
export class Program {
  readonly ended: Promise<Ended>;
  private readonly child: ChildProcess;

  constructor(env: NodeJS.ProcessEnv, args: readonly string[]) {
    this.child = spawn(process.execPath, [program, '--ready-fd', '3', ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    });
    const texts = ['', ''];
    [this.child.stdout, this.child.stderr].forEach((stream, index) => {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        texts[index] += text;
      });
    });
    this.ended = once(this.child, 'close').then(([code, signal]) => ({
      code,
      signal,
      stdout: texts[0] ?? '',
      stderr: texts[1] ?? '',
    }));
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** What it says when it can be used; null when it ended instead. */
  async ready(): Promise<{ pid: number; grpc_address: string; broker_instance_id: string } | null> {
    const pipe = this.child.stdio[3] as Readable;
    const said = once(pipe, 'data').then(([data]) => JSON.parse(String(data)));
    return Promise.race([said, this.ended.then(() => null)]);
  }

  kill(signal: NodeJS.Signals): Promise<Ended> {
    this.child.kill(signal);
    return this.ended;
  }
}

/** An environment of its own, in which brokers can be started. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), 'streamlib-broker-test-'));
  readonly home = join(this.folder, 'home');
  readonly sockets = join(this.folder, 'run', 'streamlib');
  readonly relayPath = join(this.sockets, 'com.tatolab.streamlib.broker.sock');
  readonly lockPath = join(this.sockets, 'com.tatolab.streamlib.broker.lock');
  readonly tokenPath = join(this.home, 'broker.token');
  private readonly programs: Program[] = [];
  private readonly callers: Caller[] = [];

  constructor() {
    mkdirSync(join(this.folder, 'run'), { mode: 0o700 });
  }

  start(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Program {
    const program = new Program(
      {
        PATH: process.env.PATH,
        HOME: this.folder,
        STREAMLIB_HOME: this.home,
        XDG_RUNTIME_DIR: join(this.folder, 'run'),
        STREAMLIB_BROKER_PORT: '0',
        ...env,
      },
      args,
    );
    this.programs.push(program);
    return program;
  }

  /** Started, and ready. */
  async serving(args: readonly string[] = []): Promise<{ program: Program; caller: Caller; id: string }> {
    const program = this.start(args);
    const ready = await program.ready();
    if (ready === null) throw new Error(`the broker did not start: ${(await program.ended).stderr}`);
    const caller = new Caller(ready.grpc_address, this.token());
    this.callers.push(caller);
    return { program, caller, id: ready.broker_instance_id };
  }

  /** As the broker made it at its first start. */
  token(): string {
    return readFileSync(this.tokenPath, 'utf8').trim();
  }

  logLines(): Record<string, unknown>[] {
    const file = join(this.home, 'broker.log');
    if (!existsSync(file)) return [];
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async close(): Promise<void> {
    for (const caller of this.callers) caller.close();
    await Promise.all(this.programs.map((program) => program.kill('SIGKILL')));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
