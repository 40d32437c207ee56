import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from './harness/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('bad-input');
});
afterAll(() => world.close());

describe('a manifest with five mistakes', () => {
  it.each(['validate', 'run'])(
    'gets five errors with line and column from `%s`, and nothing starts',
    async (command) => {
      const program = world.streamlib(command, 'test/fixtures/bad/five-mistakes.yaml');
      expect(await program.exited).toBe(2);
      const told = [...program.lines, ...program.errors].filter((line) =>
        /five-mistakes\.yaml:\d+:\d+: /.test(line),
      );
      expect(told.map((line) => line.replace(/^.*five-mistakes\.yaml:/, ''))).toEqual([
        '4:30: unknown node type "camra"; did you mean "camera"?',
        '5:69: effect: unknown parameter "knid"; did you mean "kind"?',
        '6:56: display: parameter "port": invalid input: expected number, received string',
        '7:59: unknown key "colour" in a node; known: id, node_type, params',
        '9:35: there is no node "dispaly"; did you mean "display"?',
      ]);
    },
  );
});

describe('Python files that go wrong', () => {
  it('are told with their name and traceback, and the rest of the graph goes on', async () => {
    const program = world.streamlib('run', 'test/fixtures/bad/graph.yaml', '--duration', '3s', '--json');
    expect(await program.exited).toBe(1);
    const result = JSON.parse(program.lines[0] ?? '') as {
      nodes: Record<string, { state: string; errors: number; frames_in: number; failure: string | null }>;
      failures: { node: string; message: string }[];
    };
    expect(result.nodes.good).toMatchObject({ errors: 0 });
    expect(result.nodes.display?.frames_in).toBeGreaterThan(10);
    for (const node of ['raises', 'wrong_type', 'wrong_pixels']) {
      expect(result.nodes[node]?.errors, node).toBe(result.nodes[node]?.frames_in);
      expect(result.nodes[node]?.errors, node).toBeGreaterThan(10);
    }
    expect(result.failures.map(({ node }) => node).sort()).toEqual(['no_package', 'no_syntax']);
    const failure = (node: string) => result.failures.find((found) => found.node === node)?.message ?? '';
    expect(failure('no_package')).toMatch(
      /imports_nothing\.py:3: ModuleNotFoundError: No module named 'a_package_that_nobody_has'/,
    );
    expect(failure('no_syntax')).toMatch(/syntax\.py:3: SyntaxError: invalid syntax/);
    const log = program.errors.join('\n');
    expect(log).toMatch(
      /\[raises\] process: ValueError: I do not like frame True\n.*\n.*raises\.py", line 10, in raises/,
    );
    expect(log).toMatch(
      /\[wrong_type\] process: ProcessorError: wrong_type returned int; return a dict of outputs/,
    );
    expect(log).toMatch(
      /\[wrong_pixels\] process: TypeError: port out, field pixel_buffer: pixels must have dtype uint8/,
    );
  }, 60_000);
});
