// The host process of one peer, seen from the benchmark: started, given orders, ended with everything it started.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Command, Peer, Places } from '../types.js';
import { writeLine } from './lines.js';
import type { ControlServer } from './server.js';

const START_MS = 20_000;
const STOP_MS = 5_000;
const TAIL = 20;

/** A peer that did not do what it was told; the message says what it said last. */
export class PeerFailed extends Error {}

export class HostProcess {
  #said: string[] = [];
  #socket: Socket | null = null;
  #waiting: { resolve: (answer: Record<string, unknown>) => void; reject: (error: Error) => void } | null =
    null;
  #exited = false;
  /** Of the process that measures; under a launcher it is not the one that was started. */
  pid = 0;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** Settles when it has reported. */
  readonly connected: Promise<void>;

  constructor(
    readonly peer: Peer,
    places: Places,
    server: ControlServer,
    pythonPath: string,
  ) {
    const [program = '', ...args] = peer.command(places);
    // Its own process group, so that the whole of it can be ended.
    this.child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        BENCH_CONTROL: server.path,
        BENCH_PEER: peer.name,
        BENCH_PYTHON: places.python,
        BENCH_FLOOR: places.floorAddon,
        PYTHONPATH: pythonPath,
        PYTHONDONTWRITEBYTECODE: '1',
        ...peer.environment?.(places),
      },
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.#said.push(...text.split('\n').filter((line: string) => line.trim() !== ''));
        this.#said.splice(0, this.#said.length - TAIL);
      });
    }
    this.child.once('error', (error) => this.#end(error.message));
    this.child.once('exit', (code, signal) =>
      this.#end(`its host process ended (${signal ?? `exit code ${code}`})`),
    );
    this.connected = this.#connect(server);
    this.connected.catch(() => {});
  }

  async #connect(server: ControlServer) {
    const limitMs = this.peer.startMs ?? START_MS;
    const ended = new Promise<never>((_, reject) =>
      this.child.once('exit', () =>
        setTimeout(() => reject(this.#failure('it ended before it answered')), 50),
      ),
    );
    const arrival = await within(Promise.race([server.wait(this.peer.name), ended]), limitMs, () =>
      this.#failure(`it did not answer within ${limitMs / 1000} s`),
    );
    const { socket } = arrival;
    this.pid = arrival.pid;
    this.#socket = socket;
    socket.once('close', () => this.#end('it closed its control socket'));
    socket.once('error', () => {});
    arrival.onMessage = (answer: Record<string, unknown>) => {
      const waiting = this.#waiting;
      this.#waiting = null;
      if (answer.ok === true) waiting?.resolve(answer);
      else waiting?.reject(new PeerFailed(String(answer.error)));
    };
  }

  async order(command: Command, limitMs: number): Promise<Record<string, unknown>> {
    await this.connected;
    const socket = this.#socket;
    if (socket === null || this.#exited) throw this.#failure('it has ended');
    const answer = new Promise<Record<string, unknown>>((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
    writeLine(socket, command);
    return within(answer, limitMs, () =>
      this.#failure(`"${command.op}" took longer than ${Math.round(limitMs / 1000)} s`),
    );
  }

  /** Asks it to end, then ends it. */
  async stop() {
    if (!this.#exited && this.#socket !== null) {
      await this.order({ op: 'exit' }, STOP_MS).catch(() => {});
      if (!this.#exited)
        await within(once(this.child, 'exit'), 1000, () => new Error('late')).catch(() => {});
    }
    this.kill();
  }

  /** The whole group: workers and daemons, too. */
  kill() {
    const { pid } = this.child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // Nobody of the group is left.
    }
  }

  #failure(reason: string) {
    const last = this.#said.at(-1);
    return new PeerFailed(last === undefined ? reason : `${reason}; it said: ${last.slice(0, 300)}`);
  }

  #end(reason: string) {
    this.#exited = true;
    this.#waiting?.reject(this.#failure(reason));
    this.#waiting = null;
  }
}

async function within<T>(promise: Promise<T>, limitMs: number, error: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(error()), limitMs);
  });
  try {
    return (await Promise.race([promise, late])) as T;
  } finally {
    clearTimeout(timer);
  }
}
