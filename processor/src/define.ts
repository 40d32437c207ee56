import type { ProcessorDefinition } from './types.js';

/**
 * Gives a definition its type; `C` follows from `config`. Inputs and outputs may be left out where there are none.
 *
 * @param definition - The type, its ports and parameters, and how a processor is made.
 */
export function defineProcessor<C>(
  definition: Omit<ProcessorDefinition<C>, 'inputs' | 'outputs'> & Partial<ProcessorDefinition<C>>,
): ProcessorDefinition<C> {
  const { inputs, outputs } = definition;
  return { ...definition, inputs: inputs ?? {}, outputs: outputs ?? {} };
}
