import { filePath } from '@streamlib/processor';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseOverride, typedValue, withValue } from './overrides.js';
import { parseParams, resolvePaths } from './params.js';

const schema = z.object({
  source: filePath({ except: ['test'] }).default('test'),
  size: z.number().int().positive().optional(),
  loop: z.boolean().default(false),
  device: z.union([z.number(), z.string()]).optional(),
  config: z.record(z.string(), z.unknown()).default({}),
});

function value(text: string): unknown {
  return typedValue(schema, parseOverride(text));
}

describe('overrides', () => {
  it('take the type of the parameter', () => {
    expect(value('n.size=720')).toBe(720);
    expect(value('n.source=720')).toBe('720');
    expect(value('n.loop=true')).toBe(true);
    expect(value('n.device=7')).toBe('7');
    expect(value('n.config.strength=0.5')).toBe(0.5);
    expect(value('n.config.name=a b')).toBe('a b');
    expect(value('n.config.deep.list=[1, 2]')).toEqual([1, 2]);
    expect(value('n.source=a=b')).toBe('a=b');
  });

  it('tell what is wrong', () => {
    expect(() => value('n.siez=1')).toThrow('n has no parameter "siez"; did you mean "size"?');
    expect(() => value('n.size=big')).toThrow(/--set n.size=big: .*number/);
    expect(() => value('n=1')).toThrow('not of the form node.param=value');
  });

  it('are put in at their path', () => {
    expect(withValue({ a: 1, c: { x: 1 } }, ['c', 'y'], 2)).toEqual({ a: 1, c: { x: 1, y: 2 } });
  });
});

describe('parameters', () => {
  it('are typed, with defaults', () => {
    expect(parseParams(schema, {}).config).toEqual({ source: 'test', loop: false, config: {} });
  });

  it('tell unknown names beside wrong values', () => {
    expect(parseParams(schema, { lop: true, size: -1 }).issues).toEqual([
      { path: ['lop'], message: 'unknown parameter "lop"; did you mean "loop"?', atKey: true },
      { path: ['size'], message: expect.stringMatching(/^parameter "size": /) },
    ]);
  });

  it('have their paths resolved, except words and schemes', () => {
    const paths = (source: string) => resolvePaths(schema, { source }, '/graph').source;
    expect(paths('clip.mp4')).toBe('/graph/clip.mp4');
    expect(paths('/abs.mp4')).toBe('/abs.mp4');
    expect(paths('test')).toBe('test');
    expect(paths('rtsp://host/x')).toBe('rtsp://host/x');
  });
});
