import { createHash } from 'node:crypto';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { parseSchema, stateDir } from '@streamlib/host-bridge';
import { z } from 'zod';
import { StreamlibError } from '../../base/streamlib-error.js';
import { MOST_KEPT } from '../../flow/slots.js';
import { PYTHON_KINDS } from '../../processor/kind.js';
import type { DeclaredProcessor } from '../declared.js';
import type { Environment } from '../environment/environment.js';
import type { Confinement } from '../sandbox/sandbox.js';
import { runInspection } from './inspection.js';

/** What is looked at is imported with this interpreter. */
type Inspecting = Pick<Environment, 'python' | 'stamp'>;

const delivery = z.enum(['latest', 'every_sample', 'lossless']);
/** What `streamlib._process.inspect.describe_processor` tells. */
export const toldProcessor = z.object({
  name: z.string(),
  kind: z.enum(PYTHON_KINDS).nullish(),
  is_function: z.boolean().default(false),
  inputs: z.record(z.string(), z.unknown()),
  outputs: z.record(z.string(), z.unknown()),
  delivery: z.record(z.string(), delivery).nullish(),
  keep: z.record(z.string(), z.number().int().min(0).max(MOST_KEPT)).nullish(),
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

/** A user's file, or the module of an installed package. */
export interface InspectedCode {
  /** Of a module: where it lies. */
  readonly file: string;
  /** `MODULE:ATTRIBUTE` */
  readonly module?: string;
}

/** Imports the code in a process of its own and tells what it declares; remembered until the file or the environment changes. */
export async function inspectPython(
  code: InspectedCode,
  environment: Inspecting,
  signal?: AbortSignal,
  confinement?: Confinement,
): Promise<DeclaredProcessor[]> {
  const { file } = code;
  const cached = join(stateDir(), 'cache', 'inspect', `${cacheKey(code, environment)}.json`);
  const known = readCache(cached);
  if (known !== null) return processorsOf(known, file);
  const { answer, how, said } = await runInspection(code, environment.python, signal, confinement);
  const fresh = parseReport(answer);
  if (fresh === null)
    throw new PythonFileError(`${basename(file)} could not be inspected (${how}):\n${said}`, null, null);
  const processors = processorsOf(fresh, file);
  writeCache(cached, fresh);
  return processors;
}

function processorsOf(found: Report, file: string): DeclaredProcessor[] {
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
): DeclaredProcessor[] {
  return found.map((processor) => ({
    name: processor.name,
    kind: processor.kind ?? null,
    isFunction: processor.is_function,
    inputs: Object.fromEntries(
      Object.entries(processor.inputs).map(([name, schema]) => {
        const declared = processor.delivery?.[name];
        const keep = processor.keep?.[name];
        return [
          name,
          {
            schema: parseSchema(schema),
            ...(declared !== undefined && { delivery: declared }),
            ...(keep !== undefined && { keep }),
          },
        ];
      }),
    ),
    outputs: Object.fromEntries(
      Object.entries(processor.outputs).map(([name, schema]) => [name, parseSchema(schema)]),
    ),
  }));
}

function parseReport(text: string): Report | null {
  try {
    return report.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** A file's ports may hang on modules beside it, so these count too. */
function cacheKey({ file, module = '' }: InspectedCode, environment: Inspecting): string {
  const hash = createHash('sha256')
    .update(environment.stamp)
    .update(module)
    .update(file)
    .update(readFileSync(file));
  const folder = dirname(file);
  for (const name of readdirSync(folder).sort()) {
    if (!name.endsWith('.py')) continue;
    const state = stateOf(join(folder, name));
    if (state !== null) hash.update(`${name}:${state.size}:${state.mtimeMs};`);
  }
  return hash.digest('hex').slice(0, 40);
}

/** Null for what cannot be imported either: a link that leads nowhere, as an editor's lock is, or a file that has just gone. */
function stateOf(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
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
