import { z } from 'zod';
import { BrokerError } from '../errors/broker-error.js';
import type { NewConnection } from '../state-machine/index.js';

// Everything that comes in over gRPC is bounded here, so that no caller can make the records grow.

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._:@-]*$/;
const oneLine = /^[^\p{Cc}]*$/u;
const limits = { id: 128, name: 256, path: 4096, detail: 4096, schemas: 64 * 1024, timeoutSecs: 86_400 };
const kinds = ['', 'manual', 'reactive', 'continuous'] as const;

const id = z
  .string()
  .min(1, 'is empty')
  .max(limits.id, `is longer than ${limits.id} characters`)
  .regex(idPattern, 'may only hold letters, digits and ._:@-, and begins with a letter or a digit');
const line = (max: number) =>
  z.string().max(max, `is longer than ${max} characters`).regex(oneLine, 'holds control characters');
const name = line(limits.name);
const processorId = name.min(1, 'is empty');
const kind = z.enum(kinds, { error: `must be one of ${kinds.slice(1).join(', ')}, or empty` });
const schemas = z
  .string()
  .max(limits.schemas, `is longer than ${limits.schemas} characters`)
  .refine(isObjectOrEmpty, 'must be a JSON object, such as {"inputs": {}, "outputs": {}}, or empty');
const timeoutSecs = z.number().max(limits.timeoutSecs, `is more than ${limits.timeoutSecs} s`);
/** A message, possibly of several lines: told for people, so a long one is cut rather than refused. */
const text = z.string().transform((long) => long.slice(0, limits.detail));
const pid = z.number();

export const shapes = {
  connection: z.object({ connectionId: id }),
  runtime: z.object({ runtimeId: id }),
  /** Filters name a runtime by id or by name. */
  filter: z.object({ runtimeId: name, state: name.optional(), connectionId: name.optional() }),
  allocate: z.object({
    runtimeId: id,
    processorId,
    processorName: name,
    kind,
    schemasJson: schemas,
    timeoutSecs,
    hostPid: pid,
  }),
  close: z.object({ connectionId: id, reason: name, detail: text, side: z.enum(['', 'host', 'client']) }),
  acked: z.object({
    connectionId: id,
    side: z.enum(['host', 'client'], { error: 'must be "host" or "client"' }),
  }),
  register: z.object({
    runtimeId: id,
    name,
    pid,
    apiAddress: name,
    logFile: line(limits.path),
    version: name,
  }),
  live: z.object({
    connectionId: id,
    processorId,
    processorName: name,
    kind,
    schemasJson: schemas,
    timeoutSecs,
  }),
  processor: z.object({
    processorId,
    name,
    kind: name,
    state: name,
    pid,
    restarts: z.number(),
    connectionId: z.union([z.literal(''), id]),
    lastError: text,
  }),
};

/** The request, checked; throws `invalid` naming the first field that is wrong. */
export function checked<T>(shape: z.ZodType<T>, request: unknown, where = ''): T {
  const result = shape.safeParse(request);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = snakeCase(issue?.path.join('.') ?? '');
  throw new BrokerError('invalid', `${where}${field} ${issue?.message ?? 'is malformed'}`);
}

export function pidOf(told: number): number | null {
  return told === 0 ? null : told;
}

export function newConnection(
  runtimeId: string,
  told: z.infer<typeof shapes.live>,
  hostPid: number,
): NewConnection {
  return {
    id: told.connectionId,
    runtimeId,
    processorId: told.processorId,
    processorName: told.processorName || told.processorId,
    kind: told.kind,
    schemasJson: told.schemasJson,
    timeoutSecs: told.timeoutSecs,
    hostPid: pidOf(hostPid),
  };
}

function isObjectOrEmpty(json: string): boolean {
  if (json === '') return true;
  try {
    const parsed: unknown = JSON.parse(json);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

/** As the field is called in the .proto file, which is what callers know. */
function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
