import { spawn } from 'node:child_process';
import { root } from './paths.js';

/** Runs a program in the root of the checkout, its output visible. `env` is added to the environment. Rejects, naming it, when it does not end with 0. */
export function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...env },
    });
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0 ? settle() : reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}

/** What a program prints on standard output. Rejects as `run` does. */
export function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((settle, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      code === 0
        ? settle(Buffer.concat(chunks).toString('utf8'))
        : reject(new Error(`${program} ended with ${signal ?? `exit code ${code}`}`)),
    );
  });
}
