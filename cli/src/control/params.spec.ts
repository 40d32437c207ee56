import { describe, expect, it } from 'vitest';
import { linkOf, paramsFrom } from './params.js';

describe('what stands after --set of add and replace', () => {
  it('is read as YAML, as after --set of run', () => {
    expect(paramsFrom(['a=1', 'b=true', 'c=[x, y]', 'd={k: 1}', 'e=a b', 'f=a=b', 'g=: [', 'h=1.5'])).toEqual(
      {
        a: 1,
        b: true,
        c: ['x', 'y'],
        d: { k: 1 },
        e: 'a b',
        f: 'a=b',
        g: ': [',
        h: 1.5,
      },
    );
  });

  it('may go deeper into a mapping, several times', () => {
    expect(paramsFrom(['config.size=9', 'config.deep.name=x', 'file=a.py'])).toEqual({
      config: { size: 9, deep: { name: 'x' } },
      file: 'a.py',
    });
  });

  it('has the form param=value', () => {
    expect(() => paramsFrom(['size'])).toThrow('"size" is not of the form param=value');
    expect(() => paramsFrom(['=1'])).toThrow('is not of the form param=value');
  });

  it('names no parameter that every object has', () => {
    expect(() => paramsFrom(['__proto__.polluted=1'])).toThrow('is not of the form param=value');
    expect(paramsFrom(['constructor.name=x'])).toEqual({ constructor: { name: 'x' } });
    expect(Object.name).toBe('Object');
  });
});

describe('the end of a link', () => {
  it('is a node, and a port where one is named', () => {
    expect(linkOf('camera', 'page')).toEqual({ from_processor: 'camera', to_processor: 'page' });
    expect(linkOf('camera.video', 'page')).toEqual({
      from_processor: 'camera',
      from_port: 'video',
      to_processor: 'page',
    });
  });
});
