import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { portsOf } from '../graph/ports.js';
import { defineProcessor } from './define.js';
import type { ProcessorDefinition } from './types.js';

describe('defineProcessor', () => {
  it('from plain JavaScript takes a definition without inputs or without outputs', () => {
    const told = { type: 'quiet', config: z.object({}), create: () => ({}) };
    const made = defineProcessor(told as unknown as ProcessorDefinition<object>);
    expect(made).toMatchObject({ type: 'quiet', inputs: {}, outputs: {} });
    expect(portsOf(made.inputs, made.outputs, false).inputs.size).toBe(0);
  });

  it('gives a whole definition back as it is', () => {
    const whole = { type: 'whole', config: z.object({}), inputs: {}, outputs: {}, create: () => ({}) };
    const definition = whole as unknown as ProcessorDefinition<object>;
    expect(defineProcessor(definition)).toBe(definition);
  });
});
