import { spawn, spawnSync } from 'node:child_process';
import { root } from './paths.mjs';

const TAIL = 30;

/** A command that did not end well, with the last of what it said. */
export class CommandFailed extends Error {
  constructor(command, code, lines) {
    super(`\`${command}\` failed (${code})`);
    this.code = code;
    this.lines = lines.slice(-TAIL);
  }
}

/**
 * Runs a command and returns its output. Quiet: nothing is shown unless it fails. With `onLine`, each line goes there as it comes.
 */
export function run(command, args, { cwd = root, env = {}, onLine, input } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    const lines = [];
    const rests = { stdout: '', stderr: '' };
    const take = (stream) => (chunk) => {
      const parts = (rests[stream] + chunk).split('\n');
      rests[stream] = parts.pop();
      for (const line of parts) push(line);
    };
    const push = (line) => {
      lines.push(line);
      onLine?.(line);
    };
    child.stdout.setEncoding('utf8').on('data', take('stdout'));
    child.stderr.setEncoding('utf8').on('data', take('stderr'));
    if (input !== undefined) child.stdin.end(input);
    child.once('error', (error) =>
      reject(new CommandFailed([command, ...args].join(' '), error.code, [error.message])),
    );
    child.once('close', (code, signal) => {
      for (const rest of Object.values(rests)) if (rest !== '') push(rest);
      if (code === 0) resolve(lines);
      else reject(new CommandFailed([command, ...args].join(' '), signal ?? `exit code ${code}`, lines));
    });
  });
}

/** First line of what a program prints, or null when it is missing or fails. */
export function probe(command, args) {
  const { status, stdout } = spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim().split('\n')[0] : null;
}
