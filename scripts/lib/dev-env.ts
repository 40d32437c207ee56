// Runs the `streamlib` command of this checkout, as .streamlib/bin/streamlib does.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { state } from './paths.js';

/** Hands the terminal to the command and returns its exit code. Signals of the terminal reach it directly: it decides when to end. */
export function streamlib(args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    // npm changes to the checkout; the names of files that a person gives are meant where that person stands.
    const cwd = process.env.INIT_CWD ?? process.cwd();
    const child = spawn(join(state, 'bin', 'streamlib'), args, { stdio: 'inherit', cwd });
    const ignored = () => {};
    process.on('SIGINT', ignored);
    const passOn = () => child.kill('SIGTERM');
    process.on('SIGTERM', passOn);
    child.once('error', reject);
    child.once('close', (code, signal) => {
      process.off('SIGINT', ignored).off('SIGTERM', passOn);
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}
