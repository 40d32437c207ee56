import { z } from 'zod';
import type { ProcessorDefinition } from './types.js';

/** Gives a definition its type; `C` follows from `config`. Plain JavaScript may leave out the ports that there are none of. */
export function defineProcessor<C>(definition: ProcessorDefinition<C>): ProcessorDefinition<C> {
  const { inputs, outputs }: Partial<ProcessorDefinition<C>> = definition;
  if (inputs && outputs) return definition;
  return { ...definition, inputs: inputs ?? {}, outputs: outputs ?? {} };
}

/** What marks a field as naming a file, in zod's metadata. */
export interface FilePathMeta {
  readonly streamlibPath: true;
  readonly except: readonly string[];
}

/**
 * A config field that names a file. A relative path arrives absolute: resolved against the manifest's folder, or against the
 * working directory when it came by `--set`. Left as they are: the words in `except` and anything with a scheme (`test:bars`).
 */
export function filePath(options: { except?: readonly string[] } = {}): z.ZodString {
  const meta: FilePathMeta = { streamlibPath: true, except: options.except ?? [] };
  return z
    .string()
    .min(1)
    .meta({ ...meta });
}
