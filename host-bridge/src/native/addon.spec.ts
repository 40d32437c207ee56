import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { BridgeError } from '../errors/bridge-error.js';
import { addon } from './addon.js';
import '../memory/register.js';

/** The functions that TypeScript believes in. */
function declared(): string[] {
  const methods = (file: string, interfaceName: string) => {
    const text = readFileSync(new URL(file, import.meta.url), 'utf8');
    const body = text.slice(text.indexOf(`export interface ${interfaceName} `));
    return [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name ?? '');
  };
  return [
    ...methods('./generated/addon-types.ts', 'Addon'),
    ...methods('./types/per-frame.ts', 'PerFrameCalls'),
  ];
}

describe('the functions of the addon', () => {
  it('are exactly those that are declared', () => {
    expect(declared().length).toBeGreaterThan(40);
    expect(Object.keys(addon()).sort()).toEqual(declared().sort());
    for (const name of declared()) expect(Reflect.get(addon(), name), name).toBeTypeOf('function');
  });

  it.each([
    ['a number that is no whole one', () => addon().connectionClose(1.5), /1\.5 is not a whole number/],
    ['a number that is too large', () => addon().poolCreate(2 ** 32), /4294967296 is too large/],
    ['a number of nothing', () => addon().poolClose(12_345), /The FramePool was closed/],
    [
      'a number where a string belongs',
      () => Reflect.apply(addon().connectNamed, undefined, [5]),
      /Expected a string/,
    ],
    [
      'a string where a boolean belongs',
      () => Reflect.apply(addon().listenerKeepAlive, undefined, [1, 'yes']),
      /Expected a boolean/,
    ],
    ['nothing at all', () => Reflect.apply(addon().poolStats, undefined, []), /Expected a number/],
  ])('refuse %s with a BridgeError', (_, act, message) => {
    expect(act).toThrow(BridgeError);
    expect(act).toThrow(message);
  });
});

describe('the addon in a worker', () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData).then(({ Listener, connectEndpoint, FramePool }) => {
      const listener = Listener.anonymous();
      listener.onConnection = (connection) => {
        connection.onControl = (message) => parentPort.postMessage(message);
        connection.start();
      };
      globalThis.kept = [connectEndpoint(listener.endpoint()), new FramePool().buffer(10)];
      kept[0].start();
      kept[0].sendControl({ type: 'hello' });
    });
  `;

  it('has a state of its own, and gives everything back when the worker is ended in the middle', async () => {
    const before = addon().debugCounts();
    for (let round = 0; round < 3; round += 1) {
      const workerData = new URL('../../dist/index.js', import.meta.url).href;
      const worker = new Worker(code, { eval: true, workerData });
      const heard = await new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      expect(heard).toEqual({ type: 'hello' });
      expect(addon().debugCounts().connections).toBe(before.connections + 2);
      await worker.terminate();
    }
    const { connections, mappings, leases } = addon().debugCounts();
    expect({ connections, mappings, leases }).toEqual({
      connections: before.connections,
      mappings: before.mappings,
      leases: before.leases,
    });
  });
});
