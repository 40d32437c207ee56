import { describe, expect, it } from 'vitest';
import type { ControlContext } from '../operation.js';
import { replaceProcessor } from './processors.js';

const before = {
  file: '/effects/blur.py',
  max_restarts: 3,
  config: { size: 3, shade: 'grey', edge: { mode: 'wrap', width: 1 } },
};

/** The parameters that a node of these has after a call. */
async function replaced(input: object, node_type = 'python', params: object = before): Promise<unknown> {
  const made: unknown[] = [];
  const seated = {
    spec: { id: 'blur', node_type, params },
    prepared: { failure: new Error('not there'), ports: null },
    node: { state: 'running' },
  };
  const context = {
    origin: 'user',
    services: { sandbox: null },
    code: { forget: () => {} },
    runtime: {
      liveGraph: { find: () => seated, linksOf: () => [], nodes: [seated] },
      replaceNode: (...args: unknown[]) => {
        made.push(args[2]);
        return Promise.resolve();
      },
    },
  } as unknown as ControlContext;
  await replaceProcessor.run(context, { name: 'blur', language: 'python', ...input });
  return made[0];
}

describe('replace_processor', () => {
  it('changes what is named, and loses nothing of the rest of the configuration', async () => {
    const config = { ...before.config, size: 9 };
    expect(await replaced({ params: { config: { size: 9 } } })).toEqual({ ...before, config });
    expect(await replaced({ config: { size: 9 } })).toEqual({ ...before, config });
    expect(await replaced({ params: { config: { edge: { width: 2 } }, max_restarts: 0 } })).toEqual({
      ...before,
      max_restarts: 0,
      config: { ...before.config, edge: { mode: 'wrap', width: 2 } },
    });
    expect(await replaced({ params: { width: 320 } }, 'camera', { width: 640, height: 480 })).toEqual({
      width: 320,
      height: 480,
    });
  });

  it('a list takes the place of a list', async () => {
    const params = { requirements: ['numpy', 'scipy'] };
    expect(await replaced({ params: { requirements: ['pillow'] } }, 'python', params)).toEqual({
      requirements: ['pillow'],
    });
  });

  it('another file keeps the configuration, with what is set put over it', async () => {
    const params = { file: '/effects/better.py' };
    expect(await replaced({ type: 'python', params })).toEqual({ ...params, config: before.config });
    expect(await replaced({ type: 'python', params: { ...params, config: { size: 9 } } })).toEqual({
      ...params,
      config: { ...before.config, size: 9 },
    });
    expect(await replaced({ type: 'python', params, config: { size: 1 } })).toEqual({
      ...params,
      config: { size: 1 },
    });
  });

  it('another type is not given the configuration of the code before', async () => {
    expect(await replaced({ type: 'camera', params: { width: 320 } })).toEqual({ width: 320 });
  });
});
