import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineProcessor } from './define.js';
import type { ProcessorDefinition } from './types.js';

describe('defineProcessor', () => {
  it('from plain JavaScript takes a definition without inputs or without outputs', () => {
    const made = defineProcessor({ type: 'quiet', config: z.object({}), create: () => ({}) });
    expect(made).toMatchObject({ type: 'quiet', inputs: {}, outputs: {} });
  });

  it('gives a whole definition back as it is', () => {
    const whole: ProcessorDefinition<object> = {
      type: 'whole',
      config: z.object({}),
      inputs: {},
      outputs: {},
      create: () => ({}),
    };
    expect(defineProcessor(whole)).toEqual(whole);
  });
});
