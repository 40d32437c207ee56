import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectEndpoint, debugCounts, type Endpoint, Listener } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker } from '../testing/asker.js';
import type { Caller } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

let world: World;
let caller: Caller;
let listener: Listener;
let path: string;
let baseline: number;
let endpointsBefore: number;
const askers: Asker[] = [];
const endpoints: Endpoint[] = [];

beforeEach(async () => {
  endpointsBefore = debugCounts().descriptors;
  world = await openWorld({ relayLimits: { maxPeers: 4 } });
  caller = world.caller;
  path = `${world.folder}/relay.sock`;
  listener = Listener.anonymous();
  await caller.allocate();
  baseline = descriptors();
});
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) endpoint.close();
  for (const asker of askers.splice(0)) asker.close();
  listener.close();
  await world.close();
  // The last of them go when the loop has turned: sockets of gRPC, for instance.
  await expect.poll(() => debugCounts().descriptors, { interval: 1 }).toBe(endpointsBefore);
});

function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** What the peers had is given back once the relay has noticed that they are gone. */
async function settled(): Promise<void> {
  await expect.poll(() => world.broker.relay.connectedPeers, { interval: 1 }).toBe(0);
  await expect.poll(descriptors, { interval: 1 }).toBe(baseline);
}

function open(): Asker {
  const asker = new Asker(path);
  askers.push(asker);
  return asker;
}

function endpoint(): Endpoint {
  const fresh = listener.endpoint();
  endpoints.push(fresh);
  return fresh;
}

describe('the relay', () => {
  it('gives a client the endpoint that the host stored, and it leads to the host', async () => {
    const id = await caller.allocate();
    expect(await open().store(id, endpoint())).toEqual({
      connection_id: id,
      success: true,
      host_state: 'xpc_ready',
    });
    const { message, endpoint: received } = await open().get(id);
    expect(message).toEqual({ connection_id: id, found: true, host_state: 'xpc_ready' });
    if (received === null) throw new Error('no endpoint');
    endpoints.push(received);
    const accepted = new Promise<number>((resolve) => {
      listener.onConnection = (connection) => {
        resolve(connection.peer.pid);
        connection.close();
      };
    });
    connectEndpoint(received).close();
    expect(await accepted).toBe(process.pid);
  });

  it('says why there is no endpoint yet, and how long there is', async () => {
    const id = await caller.allocate({ timeoutSecs: 100 });
    const asker = open();
    world.clock.advance(30_500);
    expect((await asker.get(id)).message).toMatchObject({
      found: false,
      reason: 'host_endpoint_not_ready',
      host_state: 'pending',
      hint: expect.stringMatching(/^The host has not contacted the broker yet/),
      your_poll_count: 1,
      timeout_remaining_secs: 70,
    });
    await caller.call((c) => c.hostAlive, { connectionId: id, pid: 0 });
    expect((await asker.get(id)).message).toMatchObject({
      host_state: 'alive',
      hint: expect.stringContaining('has not stored its endpoint yet'),
      your_poll_count: 2,
    });
  });

  it('does not know an id that nobody allocated', async () => {
    const asker = open();
    const unknown = {
      error: 'connection_not_found',
      hint: expect.stringContaining('STREAMLIB_CONNECTION_ID'),
    };
    expect((await asker.get('nobody')).message).toMatchObject({ found: false, ...unknown });
    expect(await asker.store('nobody', endpoint())).toMatchObject({ success: false, ...unknown });
    expect(world.broker.relay.storedEndpoints).toBe(0);
  });

  it('tells a client not to ask again for a connection that ended, or that another has', async () => {
    const ended = await caller.allocate();
    await caller.end(ended, 'error', 'the host broke', 'host');
    expect((await open().get(ended)).message).toMatchObject({
      found: false,
      error: 'connection_ended',
      hint: expect.stringContaining('the host broke'),
    });
    expect(await open().store(ended, endpoint())).toMatchObject({
      success: false,
      error: 'connection_ended',
    });
    await settledAfterClose();
  });

  it('closes a stored endpoint once: when it is replaced, when its connection ends, when it is ready', async () => {
    const asker = open();
    const ids = [await caller.allocate(), await caller.allocate()];
    await asker.get('nobody');
    const before = descriptors();
    for (const id of ids)
      for (let time = 0; time < 3; time++) {
        const fresh = listener.endpoint();
        expect(await asker.store(id, fresh)).toMatchObject({ success: true });
        fresh.close();
      }
    expect(world.broker.relay.storedEndpoints).toBe(2);
    await expect.poll(descriptors, { interval: 1 }).toBe(before + 2);
    const [ended = '', ready = ''] = ids;
    await caller.end(ended);
    await expect.poll(descriptors, { interval: 1 }).toBe(before + 1);
    (await asker.get(ready)).endpoint?.close();
    for (const side of ['host', 'client'])
      await caller.call((c) => c.markAcked, { connectionId: ready, side });
    expect(world.broker.relay.storedEndpoints).toBe(0);
    await expect.poll(descriptors, { interval: 1 }).toBe(before);
  });

  it('releases the endpoint of a handshake that took too long', async () => {
    const id = await caller.allocate({ timeoutSecs: 10 });
    await open().store(id, endpoint());
    world.later(10_000);
    expect(world.broker.relay.storedEndpoints).toBe(0);
    expect(await caller.entry(id)).toMatchObject({
      derivedState: 'failed',
      failureReason: 'timed out after 10 s: client never contacted the broker',
    });
  });
});

async function settledAfterClose(): Promise<void> {
  for (const one of endpoints.splice(0)) one.close();
  for (const asker of askers.splice(0)) asker.close();
  await settled();
}

describe('a peer that breaks the form is dropped, and nothing of it stays', () => {
  it.each([
    ['no type', { connection_id: 'x' }],
    ['another type', { type: 'list', connection_id: 'x' }],
    ['no id', { type: 'get_endpoint' }],
    ['an id that is no string', { type: 'get_endpoint', connection_id: 5 }],
    ['an id of odd characters', { type: 'get_endpoint', connection_id: '../x' }],
    ['an endless id', { type: 'get_endpoint', connection_id: 'x'.repeat(100_000) }],
    ['a nested value', { type: 'get_endpoint', connection_id: 'x', more: { a: 1 } }],
    ['a long value', { type: 'get_endpoint', connection_id: 'x', more: 'y'.repeat(257) }],
    ['many entries', Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, i]))],
    ['a store without a handle', { type: 'store_endpoint', connection_id: 'x' }],
  ])('%s', async (_, message) => {
    const asker = open();
    asker.send(message);
    await asker.dropped();
    await settledAfterClose();
  });

  it('a handle with get_endpoint', async () => {
    const asker = open();
    asker.send({ type: 'get_endpoint', connection_id: 'x' }, endpoint());
    await asker.dropped();
    await settledAfterClose();
  });

  it('whatever bytes and handles it sends', async () => {
    const id = await caller.allocate();
    const cases = [
      'a file',
      'a path that is no socket',
      'a connected socket',
      'two endpoints',
      'a handle that is not named',
      'a handle that did not come',
      'one handle named, one lying',
      'seventeen handles',
      'a lying count',
      'no bytes that make sense',
      'a truncated header',
      'a lying length',
      'a frame',
    ];
    const script = fileURLToPath(new URL('../testing/rough_peer.py', import.meta.url));
    const run = promisify(execFile);
    const { stdout } = await run('python3', [script, path, id, ...cases]);
    expect(JSON.parse(stdout)).toEqual(Object.fromEntries(cases.map((name) => [name, 'dropped'])));
    await settled();
    expect(world.broker.relay.storedEndpoints).toBe(0);
    expect(await caller.entry(id)).toMatchObject({ hostState: 'pending' });
    // The same bytes with the right handle are taken: what was refused above was refused for what it names.
    const fine = await run('python3', [script, path, id, 'well formed']);
    expect(JSON.parse(fine.stdout)).toEqual({ 'well formed': 'answered' });
    expect(world.broker.relay.storedEndpoints).toBe(1);
  });

  it('many messages without waiting for replies', async () => {
    const id = await caller.allocate();
    const asker = open();
    for (let count = 0; count < 40; count++) asker.send({ type: 'get_endpoint', connection_id: id });
    await asker.dropped();
    await settledAfterClose();
  });

  it('more endpoints than anybody needs', async () => {
    const id = await caller.allocate();
    const host = open();
    await host.store(id, endpoint());
    const asker = open();
    for (let count = 0; count < 8; count++) (await asker.get(id)).endpoint?.close();
    asker.send({ type: 'get_endpoint', connection_id: id });
    await asker.dropped();
  });

  it('but one that asks patiently is served for as long as it likes', async () => {
    const id = await caller.allocate();
    const asker = open();
    for (let count = 1; count <= 100; count++)
      expect((await asker.get(id)).message).toMatchObject({ your_poll_count: count });
  });
});

describe('too many peers', () => {
  it('cost the one that was quiet longest its place', async () => {
    const id = await caller.allocate();
    const [quiet, ...others] = [open(), open(), open(), open()];
    for (const other of others) await other.get(id);
    const fifth = open();
    await fifth.get(id);
    await quiet?.dropped();
    for (const other of others) expect((await other.get(id)).message).toMatchObject({ found: false });
  });
});

describe('the end of the broker', () => {
  it('closes its peers and endpoints, and removes its socket', async () => {
    const id = await caller.allocate();
    const asker = open();
    await asker.store(id, endpoint());
    await world.broker.stop('test');
    await asker.dropped();
    expect(world.broker.relay.storedEndpoints).toBe(0);
    expect(readdirSync(world.folder).sort()).toEqual(['broker.log', 'relay.lock']);
  });
});
