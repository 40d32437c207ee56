import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AudioFrame, VideoFrame } from '@streamlib/host-bridge';
import { defineProcessor, filePath } from '@streamlib/processor';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { NodeTypes } from '../node-types/registry/registry.js';
import { validateManifest } from './validate.js';

const folder = mkdtempSync(join(tmpdir(), 'streamlib-validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const registry = new NodeTypes();
const made: unknown[] = [];
registry.register(
  defineProcessor({
    type: 'bars',
    inputs: {},
    outputs: { video: VideoFrame },
    config: z.object({ width: z.number().int().positive().default(640), clip: filePath().optional() }),
    create: (config) => {
      made.push(config);
      return {};
    },
  }),
);
registry.register(
  defineProcessor({
    type: 'screen',
    inputs: { video: VideoFrame },
    outputs: {},
    config: z.object({}),
    create: () => ({}),
  }),
);
registry.register(
  defineProcessor({
    type: 'tone',
    inputs: {},
    outputs: { audio: AudioFrame },
    config: z.object({}),
    create: () => ({}),
  }),
);

async function told(text: string, overrides: string[] = []): Promise<string[]> {
  const path = join(folder, 'graph.yaml');
  writeFileSync(path, text);
  const { issues } = await validateManifest(path, { types: registry, overrides });
  return issues.map(({ line, column, message }) => `${line}:${column}: ${message}`);
}

describe('validateManifest', () => {
  it('finds nothing wrong with a graph that is right', async () => {
    expect(
      await told(`version: v1
nodes:
  - { id: bars, node_type: bars }
  - { id: screen, node_type: screen }
connections:
  - { from: bars, to: screen }
`),
    ).toEqual([]);
    expect(made).toEqual([]);
  });

  it('tells five mistakes as five errors, each at its line and column', async () => {
    expect(
      await told(`version: v1
metdata: { name: five }
nodes:
  - { id: bars, node_type: bras }
  - { id: other, node_type: bars, params: { widht: 320 } }
  - { id: screen, node_type: screen }
  - { id: tone, node_type: tone }
connections:
  - { from: other.vdieo, to: screen.video }
  - { from: tone.audio, to: screen }
`),
    ).toEqual([
      '2:1: unknown key "metdata" in the manifest; did you mean "metadata"?',
      '4:28: unknown node type "bras"; did you mean "bars"?',
      '5:45: other: unknown parameter "widht"; did you mean "width"?',
      '9:13: node "other" has no output "vdieo"; did you mean "video"?',
      '10:29: input screen.video already has a connection; an input takes frames from one output',
    ]);
  });

  it('tells types that do not match, missing files and wrong values', async () => {
    expect(
      await told(`version: v1
nodes:
  - { id: tone, node_type: tone }
  - { id: screen, node_type: screen }
  - id: effect
    node_type: python
    params: { file: nowhere.py, restart: sometimes }
  - { id: more, node_type: python, params: { file: nowhere.py } }
connections:
  - { from: tone, to: screen }
`),
    ).toEqual([
      `7:21: effect: there is no file ${join(folder, 'nowhere.py')}`,
      '7:42: effect: parameter "restart": expected never, on-failure or always',
      `8:52: more: there is no file ${join(folder, 'nowhere.py')}`,
      '10:23: tone.audio sends AudioFrame, but screen.video takes VideoFrame',
    ]);
  });

  it('applies overrides before it checks', async () => {
    const graph = `version: v1
nodes:
  - { id: bars, node_type: bars, params: { width: -1 } }
`;
    expect(await told(graph)).toHaveLength(1);
    expect(await told(graph, ['bars.width=320'])).toEqual([]);
    expect(await told(graph, ['bars.width=wide', 'bras.width=1'])).toEqual([
      '3:3: --set bras.width=1: there is no node "bras"; did you mean "bars"?',
      expect.stringMatching(/^3:5: --set bars.width=wide: /),
      expect.stringMatching(/^3:51: bars: parameter "width": /),
    ]);
  });
});
