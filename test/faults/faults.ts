import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import type { Program } from '../harness/processes.js';
import { checkout, type World } from '../harness/world.js';
import type { Fault, Target } from './cells.js';

/** Ends what a fault has begun. */
export type Relief = () => void;
export interface Struck {
  readonly world: World;
  readonly graph: Program;
  readonly pid: number;
  readonly target: Target;
}

const nothing: Relief = () => undefined;

/** Each begins at once and returns what ends it. */
export const faults: Readonly<Record<Fault, (struck: Struck) => Relief>> = {
  kill: ({ pid }) => {
    signal(pid, 'SIGKILL');
    return nothing;
  },
  stop: ({ pid }) => {
    signal(pid, 'SIGSTOP');
    return () => signal(pid, 'SIGCONT');
  },
  // None beyond those that are open now.
  descriptors: ({ pid }) => limit(pid, 'nofile', 3, 4_096),
  // It keeps what it has.
  memory: ({ pid }) => limit(pid, 'as', sizeOf(pid), 'unlimited'),
  disk: ({ world }) => fillDisk(dirname(world.sandbox.home)),
  frames: ({ graph, pid }) => {
    // Room for the work of JavaScript, none for a segment of 192 MB. The program then asks for such.
    const relief = limit(pid, 'as', sizeOf(pid) + (128 << 20), 'unlimited');
    graph.kill('SIGUSR2');
    return () => {
      relief();
      graph.kill('SIGUSR2');
    };
  },
  garbage: ({ pid }) => {
    attempt(() => execFileSync('python3', [join(checkout, 'test/harness/speak_as.py'), String(pid)]));
    return nothing;
  },
  strangers: ({ world }) => {
    strangersAt({ host: '127.0.0.1', port: world.sandbox.port });
    attempt(() => execFileSync('python3', [join(checkout, 'test/harness/strangers.py'), ...world.doors()]));
    return nothing;
  },
};

function attempt(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    // A process that ended just now is no failure of the harness.
    if ((error as { status?: number }).status === 3) return;
    throw error;
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // One that ended just now.
  }
}

function limit(pid: number, name: string, soft: number, after: number | string): Relief {
  const set = (to: number | string) => {
    try {
      execFileSync('prlimit', ['--pid', String(pid), `--${name}=${to}:`], { stdio: 'ignore' });
    } catch {
      // It has ended.
    }
  };
  set(soft);
  return () => set(after);
}

function sizeOf(pid: number): number {
  try {
    return Number(/VmSize:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Neither room nor inodes. The sandbox lies on a small disk of its own: see World.open. */
function fillDisk(folder: string): Relief {
  const made: string[] = [];
  const until = (act: (path: string) => void) => {
    for (let n = 0; ; n++) {
      const path = join(folder, `full-${made.length}-${n}`);
      made.push(path);
      try {
        act(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        return;
      }
    }
  };
  const block = randomBytes(4_096);
  until((path) => writeFileSync(path, Buffer.concat(Array(16).fill(block))));
  until((path) => writeFileSync(path, block));
  until((path) => writeFileSync(path, ''));
  // A log's last block has room for some lines more.
  for (const log of logsIn(folder)) {
    try {
      for (;;) appendFileSync(log, ' '.repeat(64));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
  return () => {
    for (const path of made) rmSync(path, { force: true });
  };
}

function logsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => path.endsWith('.log'));
}

/** Bytes that are no HTTP/2, from many at once. */
function strangersAt(where: { host: string; port: number }): void {
  for (let n = 0; n < 20; n++) {
    const socket = connect(where, () => socket.write(randomBytes(4_096)));
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.setTimeout(500, () => socket.destroy());
  }
}
