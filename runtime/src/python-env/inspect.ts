import type { SpawnOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseSchema, type Schema, stateDir } from '@streamlib/host-bridge';
import { z } from 'zod';
import { StreamlibError } from '../errors/streamlib-error.js';
import type { Confinement } from '../sandbox/sandbox.js';
import { startProcess } from '../supervisor/start-process.js';
import type { PythonEnvironment } from './environment.js';

const KINDS = ['manual', 'reactive', 'continuous'] as const;
export type PythonKind = (typeof KINDS)[number];

/** A processor that a Python file declares. */
export interface InspectedProcessor {
  readonly name: string;
  /** Null when the decorator leaves it open. */
  readonly kind: PythonKind | null;
  readonly isFunction: boolean;
  readonly inputs: Readonly<
    Record<string, { schema: Schema; delivery?: 'latest' | 'every_sample' | 'lossless' }>
  >;
  readonly outputs: Readonly<Record<string, Schema>>;
}

const delivery = z.enum(['latest', 'every_sample', 'lossless']);
/** What `streamlib._inspect.describe_processor` tells. */
export const toldProcessor = z.object({
  name: z.string(),
  kind: z.enum(KINDS).nullish(),
  is_function: z.boolean().default(false),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
  delivery: z.record(z.string(), delivery).nullish(),
});
const report = z.union([
  z.object({
    error: z.object({
      type: z.string(),
      message: z.string(),
      traceback: z.string().nullish(),
      line: z.number().nullish(),
    }),
  }),
  z.object({
    processors: z.array(toldProcessor),
  }),
]);
type Report = z.infer<typeof report>;

/** A Python file that could not be inspected: told with its own traceback. */
export class PythonFileError extends StreamlibError {
  constructor(
    message: string,
    readonly traceback: string | null,
    readonly line: number | null,
  ) {
    super('python_file', message);
  }
}

const LIMIT_MS = 60_000;

/** Imports the file in a process of its own and tells what it declares; remembered until the file or the environment changes. */
export async function inspectPython(
  file: string,
  environment: PythonEnvironment,
  signal?: AbortSignal,
  confinement?: Confinement,
): Promise<InspectedProcessor[]> {
  const cached = join(stateDir(), 'cache', 'inspect', `${cacheKey(file, environment)}.json`);
  const known = readCache(cached);
  if (known !== null) return processorsOf(known, file);
  const fresh = await runInspection(file, environment, signal, confinement);
  const processors = processorsOf(fresh, file);
  writeCache(cached, fresh);
  return processors;
}

function processorsOf(found: Report, file: string): InspectedProcessor[] {
  if ('error' in found) {
    const { type, message, traceback, line } = found.error;
    const missing = /^(ModuleNotFoundError|ImportError)$/.test(type)
      ? `; a package that it needs is listed in a "# /// script" block at its top, or in a requirements.txt beside it`
      : '';
    const at = line === null || line === undefined ? '' : `:${line}`;
    throw new PythonFileError(
      `${basename(file)}${at}: ${type}: ${message}${missing}`,
      traceback ?? null,
      line ?? null,
    );
  }
  return readProcessors(found.processors);
}

/** Processors as a process that has imported their file tells them. */
export function readProcessors(
  found: Extract<Report, { processors: unknown }>['processors'],
): InspectedProcessor[] {
  return found.map((processor) => ({
    name: processor.name,
    kind: processor.kind ?? null,
    isFunction: processor.is_function,
    inputs: Object.fromEntries(
      Object.entries(processor.inputs).map(([name, schema]) => {
        const declared = processor.delivery?.[name];
        return [name, { schema: parseSchema(schema), ...(declared !== undefined && { delivery: declared }) }];
      }),
    ),
    outputs: Object.fromEntries(
      Object.entries(processor.outputs).map(([name, schema]) => [name, parseSchema(schema)]),
    ),
  }));
}

/** Frames may be flowing: what only looks at a file is not to take the processors from them. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Gone already, or the system has its own idea.
  }
}

function runInspection(
  file: string,
  environment: PythonEnvironment,
  signal?: AbortSignal,
  confinement?: Confinement,
): Promise<Report> {
  return new Promise((resolve, reject) => {
    // The report has a descriptor of its own, so that whatever the file prints cannot get into it.
    const plain = {
      command: environment.python,
      args: ['-m', 'streamlib._inspect', file],
      env: { ...process.env, STREAMLIB_BROKER_TOKEN: undefined, STREAMLIB_HOST_PID: String(process.pid) },
    };
    const launch = confinement?.launch(plain) ?? plain;
    const options: SpawnOptions = {
      cwd: dirname(file),
      env: launch.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    };
    const child = startProcess(launch.command, launch.args, options, (cause) => {
      const message = `${environment.python} could not be started: ${cause.message}`;
      reject(new StreamlibError('python_environment', message, { cause }));
    });
    if (child === null) return;
    if (child.pid !== undefined) giveWay(child.pid);
    let answer = '';
    let stderr = '';
    const kill = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // Gone already.
      }
    };
    const unwatch =
      child.pid === undefined
        ? undefined
        : confinement?.watch(child.pid, (reason) => {
            stderr += `\n${reason}`;
            kill();
          });
    const limit = setTimeout(() => {
      stderr += `\nit had not finished after ${LIMIT_MS / 1000} s: code that runs at import time keeps it`;
      kill();
    }, LIMIT_MS);
    signal?.addEventListener('abort', kill, { once: true });
    const [, stdoutPipe, stderrPipe, reportPipe] = child.stdio;
    stdoutPipe?.resume();
    stderrPipe?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-8192);
    });
    if (reportPipe !== null && reportPipe !== undefined && 'setEncoding' in reportPipe) {
      reportPipe.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
    }
    const finish = () => {
      clearTimeout(limit);
      unwatch?.();
      signal?.removeEventListener('abort', kill);
    };
    child.once('close', (code, exitSignal) => {
      finish();
      const parsed = parseReport(answer);
      if (parsed !== null) resolve(parsed);
      else {
        const how = exitSignal === null ? `exit code ${code}` : `signal ${exitSignal}`;
        reject(
          new PythonFileError(
            `${basename(file)} could not be inspected (${how}):\n${stderr.trim()}`,
            null,
            null,
          ),
        );
      }
    });
    child.once('exit', kill);
  });
}

function parseReport(text: string): Report | null {
  try {
    return report.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A file's ports may hang on modules beside it, so these count too. */
function cacheKey(file: string, environment: PythonEnvironment): string {
  const hash = createHash('sha256').update(environment.stamp).update(file).update(readFileSync(file));
  const folder = dirname(file);
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.py')) continue;
    const { size, mtimeMs } = statSync(join(folder, name));
    hash.update(`${name}:${size}:${mtimeMs};`);
  }
  return hash.digest('hex').slice(0, 40);
}

function readCache(path: string): Report | null {
  try {
    return parseReport(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** What can't be remembered, on a full disk for instance, is found out again the next time. */
function writeCache(path: string, value: Report): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(temporary, JSON.stringify(value));
    renameSync(temporary, path);
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // There is none.
    }
  }
}
