import { describe, expect, it } from 'vitest';
import { countAll, countOf, placeOf } from './lines.js';

describe('production code', () => {
  it.each([
    ['runtime/src/engine/runtime.ts', 'runtime', 'TypeScript'],
    ['host-bridge/core/src/lib.rs', 'host-bridge/core', 'Rust'],
    ['host-bridge/src/index.ts', 'host-bridge', 'TypeScript'],
    ['nodes/audio/src/tone.ts', 'nodes/audio', 'TypeScript'],
    ['client-runner/python/streamlib/types.py', 'client-runner', 'Python'],
    ['vitest.config.ts', '(top)', 'TypeScript'],
  ])('is %s, of %s', (path, name, language) => {
    expect(placeOf(path)).toEqual({ package: name, language });
  });

  it.each([
    'runtime/src/engine/runtime.spec.ts',
    'runtime/src/testing/world.ts',
    'test/harness/world.ts',
    'client-runner/tests/test_wire.py',
    'proto/src/generated/streamlib/broker/v1/broker.ts',
    'client-runner/python/streamlib/broker/v1/broker_pb2.pyi',
    'host-bridge/bench/codec.ts',
    'docs/graph.md',
    'package-lock.json',
  ])('is not %s', (path) => {
    expect(placeOf(path)).toBeNull();
  });
});

describe('lines', () => {
  it('are counted with and without comments and blanks', () => {
    const text = '// why\n\n/**\n * What.\n */\nconst a = 1; // one\nconst b = 2;\n';
    expect(countOf(text, 'TypeScript')).toEqual({ files: 1, lines: 7, code: 2 });
  });

  it('of Python do not count docstrings as code', () => {
    const text = '"""What it is.\n\nMore.\n"""\n\nx = """kept\nkept"""\n# no\n';
    expect(countOf(text, 'Python')).toEqual({ files: 1, lines: 8, code: 2 });
  });

  it('of Rust leave out its tests', () => {
    const text = 'fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\n';
    expect(countOf(text, 'Rust').code).toBe(1);
  });

  it('are added up for each package and language', () => {
    const counts = countAll([
      ['cli/src/a.ts', 'a;\n'],
      ['cli/src/b.ts', 'b;\nb;\n'],
      ['broker/src/c.ts', 'c;\n'],
      ['cli/src/b.spec.ts', 'b;\n'],
    ]);
    expect([...counts]).toEqual([
      ['broker\tTypeScript', { files: 1, lines: 1, code: 1 }],
      ['cli\tTypeScript', { files: 2, lines: 3, code: 3 }],
    ]);
  });
});
