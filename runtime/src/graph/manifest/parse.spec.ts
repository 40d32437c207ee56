import { describe, expect, it } from 'vitest';
import { parseManifest } from './parse.js';

function told(text: string): string[] {
  const parsed = parseManifest(text, 'test');
  return parsed.issues.map((issue) => {
    const { line, column } = parsed.locate(issue.path, issue.atKey);
    return `${line}:${column} ${issue.message}`;
  });
}

describe('parseManifest', () => {
  it('reads YAML and JSON alike', () => {
    const yaml = `version: v1
metadata: { name: demo }
nodes:
  - { id: a, node_type: camera, params: { loop: true } }
connections:
  - { from: a.video, to: b, delivery: lossless, queue: 4 }
`;
    const expected = {
      name: 'demo',
      nodes: [{ id: 'a', node_type: 'camera', params: { loop: true } }],
      connections: [{ from: 'a.video', to: 'b', delivery: 'lossless', queue: 4 }],
    };
    expect(parseManifest(yaml, 'test')).toMatchObject({ spec: expected, issues: [] });
    const json = JSON.stringify({ version: 'v1', metadata: { name: 'demo' }, ...expected, name: undefined });
    expect(parseManifest(json, 'test')).toMatchObject({ spec: expected, issues: [] });
  });

  it.each([
    ['"a\\nb \\e[31m"', 'the name holds control characters'],
    ['"\\x7f"', 'the name holds control characters'],
    ['x'.repeat(257), 'the name is longer than 256 characters'],
  ])('refuses a name that the broker would refuse, at its place: %s', (name, message) => {
    const { spec, issues, locate } = parseManifest(
      `version: v1\nmetadata: { name: ${name} }\nnodes: [{ id: a, node_type: camera }]`,
      'fallback',
    );
    expect(issues).toMatchObject([{ message, fatal: true }]);
    expect(locate(issues[0]?.path ?? [])).toEqual({ line: 2, column: 19 });
    expect(spec.name).toBe('fallback');
  });

  it('refuses such a name of its file, unless it names the graph itself', () => {
    const nodes = 'nodes: [{ id: a, node_type: camera }]';
    expect(parseManifest(`version: v1\n${nodes}`, 'a\nb').issues).toMatchObject([
      { message: expect.stringContaining('the name of the file, which names the graph, holds control') },
    ]);
    expect(parseManifest(`version: v1\nmetadata: { name: ok }\n${nodes}`, 'a\nb').issues).toEqual([]);
  });

  it('tells every mistake at its place, with the name that was meant', () => {
    expect(
      told(`version: v2
metdata: { name: demo }
nodes:
  - { id: camera, nodetype: camera }
  - just text
  - { node_type: camera }
connections:
  - { from: camera, to: 7, delivery: lastest }
`),
    ).toEqual([
      '2:1 unknown key "metdata" in the manifest; did you mean "metadata"?',
      '1:10 version "v2" is unknown; this is v1',
      '4:19 unknown key "nodetype" in a node; did you mean "node_type"?',
      '5:5 a node must be a mapping, not the text "just text"',
      '6:5 the node lacks "id"',
      '8:38 unknown delivery "lastest"; did you mean "latest"?',
      '8:25 "to" must be text, not the number 7',
    ]);
  });

  it('tells broken YAML, doubled keys and emptiness', () => {
    expect(told('nodes: [')[0]).toMatch(/^1:9 /);
    expect(told('version: v1\nversion: v1\nnodes: [{id: a, node_type: b}]')[0]).toMatch(/^2:1 .*unique/i);
    expect(told('')).toEqual(['1:1 the manifest must be a mapping, not nothing']);
    expect(told('version: v1')).toEqual(['1:1 the manifest has no nodes']);
  });
});
