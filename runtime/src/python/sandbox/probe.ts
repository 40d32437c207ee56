import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { z } from 'zod';
import type { Program, Support } from './mechanism.js';
import { probeArguments } from './policy.js';

const PROBE_LIMIT_MS = 20_000;
const probed = z.object({ landlock: z.number(), seccomp: z.boolean() });
const SANDBOX_EXEC = '/usr/bin/sandbox-exec';

const known = new Map<string, Promise<Support | string>>();

/** What the machine offers to an environment's interpreter, or why that cannot be asked. Asked once; frames flow meanwhile. */
export function supportOf(environment: string): Promise<Support | string> {
  const before = known.get(environment);
  if (before !== undefined) return before;
  const asked = probe(environment);
  known.set(environment, asked);
  void asked.then((found) => {
    if (typeof found === 'string') known.delete(environment);
  });
  return asked;
}

async function probe(environment: string): Promise<Support | string> {
  if (process.platform === 'darwin')
    return { landlock: 0, seccomp: false, bubblewrap: NOT_HERE, seatbelt: programAt(SANDBOX_EXEC) };
  if (process.platform !== 'linux') return `there is no sandbox for ${process.platform}`;
  const { stdout, stderr, error } = await run(
    join(environment, 'bin', 'python'),
    probeArguments(environment),
  );
  if (error !== null && stdout === '') {
    return `${environment} could not be asked: ${stderr.trim() || error.message}; is its package streamlib of another version?`;
  }
  try {
    return { ...probed.parse(JSON.parse(stdout)), bubblewrap: await bubblewrap(), seatbelt: NOT_HERE };
  } catch {
    return `${environment} has no sandbox in its package streamlib; is it of another version?\n${stderr.trim()}`;
  }
}

const NOT_HERE: Program = { lacking: 'it belongs to another system' };

/** Whether it can be used shows only when it is: many systems do not let everybody make namespaces. */
async function bubblewrap(): Promise<Program> {
  const path = find('bwrap');
  if (path === null) return { lacking: 'bubblewrap is not installed (the package is called bubblewrap)' };
  const { error, stderr } = await run(path, [
    '--unshare-all',
    '--die-with-parent',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--',
    '/proc/self/exe',
    '--version',
  ]);
  if (error === null) return { path };
  return { lacking: `bubblewrap does not work here: ${stderr.trim() || error.message}` };
}

function find(program: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const found = programAt(join(folder, program));
    if ('path' in found) return found.path;
  }
  return null;
}

function programAt(path: string): Program {
  try {
    accessSync(path, constants.X_OK);
    return { path };
  } catch {
    return { lacking: `there is no ${path}` };
  }
}

function run(
  command: string,
  args: readonly string[],
): Promise<{ stdout: string; stderr: string; error: Error | null }> {
  return new Promise((resolve) => {
    execFile(command, [...args], { timeout: PROBE_LIMIT_MS }, (error, stdout, stderr) =>
      resolve({ stdout, stderr, error }),
    );
  });
}
