import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const compiled = new URL('../../dist/index.js', import.meta.url);

/** Runs a piece of JavaScript against the built package, which it has as `b`, in a node of its own. */
export function startProgram(source: string, args: readonly string[] = []): ChildProcess {
  const program = `import * as b from ${JSON.stringify(compiled.href)};\n${source}`;
  return spawn(process.execPath, ['--input-type=module', '-e', program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
}

export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function ended(child: ChildProcess): Promise<Ended> {
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

export function runProgram(source: string, args: readonly string[] = []): Promise<Ended> {
  return ended(startProgram(source, args));
}

/** A private directory for a socket, and what removes it. */
export function temporaryDirectory(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'streamlib-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
