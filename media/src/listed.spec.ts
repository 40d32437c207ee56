import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { portsOf } from '../../runtime/dist/graph/ports.js';
import { processors } from './index.js';

const manifest = z
  .object({ streamlib: z.object({ types: z.array(z.object({ type: z.string() }).loose()) }) })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

describe('what package.json says of the node types', () => {
  it('is what their definitions say', () => {
    const names = (ports: ReadonlyMap<string, { schema: { name: string } }>) =>
      Object.fromEntries([...ports].map(([name, { schema }]) => [name, schema.name]));
    const told = processors.map((definition) => {
      const { inputs, outputs } = portsOf(definition.inputs, definition.outputs, false);
      const { properties } = z.toJSONSchema(definition.config, { io: 'input' });
      return {
        type: definition.type,
        inputs: names(inputs),
        outputs: names(outputs),
        parameters: Object.keys(properties ?? {}),
      };
    });
    expect(manifest.streamlib.types).toMatchObject(told);
    expect(manifest.streamlib.types).toHaveLength(told.length);
  });
});
