import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { peer } from '../../testing/samples.js';
import { HostProcess } from './host-process.js';
import { ControlServer } from './server.js';

/** A host process in a few lines: connects, says who it is, then does what `onOrder` says. */
const script = (onOrder: string) => `
  const socket = require('node:net').connect(process.env.BENCH_CONTROL);
  const say = (message) => socket.write(JSON.stringify(message) + '\\n');
  say({ hello: process.env.BENCH_PEER, pid: process.pid });
  socket.setEncoding('utf8').on('data', (text) => { const order = JSON.parse(text); ${onOrder} });
`;
const host = (program: string) => {
  started = new HostProcess(
    peer('sample', { command: () => [process.execPath, '-e', program] }),
    { python: '', floorAddon: '' },
    server,
    '',
  );
  return started;
};
let server: ControlServer;
let started: HostProcess | null = null;

beforeEach(async () => {
  server = new ControlServer();
  await server.listen();
});
afterEach(() => {
  started?.kill();
  server.close();
});

describe('a host process', () => {
  it('answers orders, one after the other', async () => {
    const one = host(script('say({ ok: true, workers: [], was: order.op });'));
    expect(await one.order({ op: 'open', bytes: 1, depth: 1 }, 10_000)).toMatchObject({ was: 'open' });
    expect(await one.order({ op: 'close' }, 10_000)).toMatchObject({ was: 'close' });
    expect(one.pid).toBe(one.child.pid);
  });

  it('passes on why an order failed', async () => {
    const one = host(script('say({ ok: false, error: "no such size" });'));
    await expect(one.order({ op: 'close' }, 10_000)).rejects.toThrow('no such size');
  });

  it('that ends in the middle of an order fails it, with its last words', async () => {
    const one = host(script('console.error("out of memory"); process.exit(3);'));
    await expect(one.order({ op: 'close' }, 10_000)).rejects.toThrow(/ended|closed its control socket/);
  });

  it('that never reports is told apart from one that is slow', async () => {
    const one = host('console.error("cannot load the library"); process.exit(1);');
    await expect(one.connected).rejects.toThrow(
      'it ended before it answered; it said: cannot load the library',
    );
  });

  it('that does not answer in time fails the order', async () => {
    const one = host(script(''));
    await expect(one.order({ op: 'close' }, 50)).rejects.toThrow('"close" took longer than 0 s');
  });
});
