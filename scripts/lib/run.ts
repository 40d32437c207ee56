import { spawn, spawnSync } from 'node:child_process';
import { root } from './paths.js';

const TAIL = 30;

/** A command that did not end well, with the last of what it said. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of this process. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onLine?: ((line: string) => void) | undefined;
  readonly input?: string;
}

export class CommandFailed extends Error {
  readonly lines: readonly string[];

  constructor(
    command: string,
    readonly code: string,
    lines: readonly string[],
  ) {
    super(`\`${command}\` failed (${code})`);
    this.lines = lines.slice(-TAIL);
  }
}

/**
 * Runs a command and returns its output. Quiet: nothing is shown unless it fails. With `onLine`, each line goes there as it comes.
 */
export function run(
  command: string,
  args: readonly string[],
  { cwd = root, env = {}, onLine, input }: RunOptions = {},
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    const rests = { stdout: '', stderr: '' };
    const take = (stream: 'stdout' | 'stderr') => (chunk: string) => {
      const parts = (rests[stream] + chunk).split('\n');
      rests[stream] = parts.pop() ?? '';
      for (const line of parts) push(line);
    };
    const push = (line: string) => {
      lines.push(line);
      onLine?.(line);
    };
    child.stdout?.setEncoding('utf8').on('data', take('stdout'));
    child.stderr?.setEncoding('utf8').on('data', take('stderr'));
    if (input !== undefined) child.stdin?.end(input);
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(new CommandFailed([command, ...args].join(' '), error.code ?? error.name, [error.message])),
    );
    child.once('close', (code, signal) => {
      for (const rest of Object.values(rests)) if (rest !== '') push(rest);
      if (code === 0) resolve(lines);
      else reject(new CommandFailed([command, ...args].join(' '), signal ?? `exit code ${code}`, lines));
    });
  });
}

/** First line of what a program prints, or null when it is missing or fails. */
export function probe(command: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? (stdout.trim().split('\n')[0] ?? '') : null;
}
