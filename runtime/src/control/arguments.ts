import { z } from 'zod';
import { suggestion } from '../base/nearest.js';
import { ControlError } from './control-error.js';
import type { Operation } from './operation.js';

/** The arguments of an operation, checked. What it does not know is refused: left out, it would be missing without a word. */
export function readArguments({ name, input }: Operation, given: unknown): Record<string, unknown> {
  const parsed = input.strict().safeParse(given ?? {});
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.flatMap((issue) => inWords(issue, input));
  throw new ControlError(
    'invalid',
    `${name}: ${wrong.join('; ')}`,
    `It takes: ${Object.keys(input.shape).join(', ') || 'nothing'}.`,
  );
}

function inWords(issue: z.core.$ZodIssue, input: z.ZodObject): string[] {
  const where = issue.path.length > 0 ? `${issue.path.join('.')}: ` : '';
  if (issue.code !== 'unrecognized_keys') return [`${where}${issue.message}`];
  const known = keysAt(input, issue.path);
  return issue.keys.map((key) => `${where}there is no argument "${key}"${suggestion(key, known)}`);
}

/** What an object within the arguments may have. */
function keysAt(input: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = input;
  for (const key of path) {
    at = bare(at);
    at =
      at instanceof z.ZodObject ? at.shape[String(key)] : at instanceof z.ZodArray ? at.element : undefined;
  }
  at = bare(at);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function bare(type: unknown): unknown {
  return type instanceof z.ZodOptional || type instanceof z.ZodDefault ? bare(type.unwrap()) : type;
}
