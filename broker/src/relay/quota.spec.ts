import { debugCounts, Listener } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker } from '../testing/asker.js';
import { openWorld, type World } from '../testing/world.js';
import { Allowance, ProcessQuota } from './quota.js';

const limits = { connections: 3, messagesPerSecond: 10, bytesPerSecond: 1000, handlesPerSecond: 2 };

describe('an allowance', () => {
  it('gives its burst at once, and then no more than its rate', () => {
    const allowance = new Allowance(10, 20, 0);
    for (let count = 0; count < 20; count++) expect(allowance.take(1, 0)).toBe(true);
    expect(allowance.take(1, 0)).toBe(false);
    expect(allowance.take(1, 99)).toBe(false);
    expect(allowance.take(1, 199)).toBe(true);
    expect(allowance.take(1, 200)).toBe(false);
  });

  it('never saves more than its burst', () => {
    const allowance = new Allowance(10, 20, 0);
    expect(allowance.take(20, 1_000_000)).toBe(true);
    expect(allowance.take(1, 1_000_000)).toBe(false);
    expect(allowance.isFull(1_001_999)).toBe(false);
    expect(allowance.isFull(1_002_000)).toBe(true);
  });
});

describe('the quota of a process', () => {
  it('names what there was too much of', () => {
    const quota = new ProcessQuota(limits, 0);
    for (let count = 0; count < 3; count++) expect(quota.connect(0)).toBeNull();
    expect(quota.connect(0)).toBe('its process has more than 3 connections');
    expect(quota.countMessage(2001, 0)).toBe('its process sent more than 1000 bytes a second');
    for (let count = 0; count < 4; count++) expect(quota.countHandle(0)).toBeNull();
    expect(quota.countHandle(0)).toBe('its process moved more than 2 endpoints a second');
    while (quota.countMessage(0, 0) === null);
    expect(quota.countMessage(0, 0)).toBe('its process sent more than 10 messages a second');
  });

  it('is forgotten only when that would give nobody anything', () => {
    const quota = new ProcessQuota(limits, 0);
    quota.connect(0);
    expect(quota.isIdle(10_000)).toBe(false);
    quota.connections--;
    quota.countMessage(0, 10_000);
    expect(quota.isIdle(10_000)).toBe(false);
    expect(quota.isIdle(11_000)).toBe(true);
  });
});

describe('at the relay', () => {
  let world: World;
  let descriptors: number;
  const askers: Asker[] = [];
  const open = () => {
    const asker = new Asker(`${world.folder}/relay.sock`);
    askers.push(asker);
    return asker;
  };
  beforeEach(async () => {
    descriptors = debugCounts().descriptors;
    world = await openWorld({ relayLimits: { perProcess: limits } });
  });
  afterEach(async () => {
    for (const asker of askers.splice(0)) asker.close();
    await world.close();
    await expect.poll(() => debugCounts().descriptors, { interval: 1 }).toBe(descriptors);
  });

  it('a connection too many of one process is refused; when one ends, there is room', async () => {
    const three = [open(), open(), open()];
    for (const asker of three) await asker.get('nobody');
    await open().dropped();
    three[0]?.close();
    await expect.poll(() => world.broker.relay.connectedPeers, { interval: 1 }).toBe(2);
    world.clock.advance(10_000);
    expect((await open().get('nobody')).message).toMatchObject({ found: false });
  });

  it('who talks too fast is dropped, and cannot go on by connecting again', async () => {
    const asker = open();
    // The connection itself was the first of twenty.
    for (let count = 0; count < 19; count++) await asker.get('nobody');
    asker.send({ type: 'get_endpoint', connection_id: 'nobody' });
    await asker.dropped();
    await open().dropped();
    world.clock.advance(1_000);
    expect((await open().get('nobody')).message).toMatchObject({ found: false });
  });

  it('who stores endpoints too fast is dropped; the connections of others stay as they are', async () => {
    const id = await world.caller.allocate();
    const asker = open();
    const listener = Listener.anonymous();
    try {
      for (let count = 0; count < 4; count++) {
        const endpoint = listener.endpoint();
        expect(await asker.store(id, endpoint)).toMatchObject({ success: true });
        endpoint.close();
      }
      const endpoint = listener.endpoint();
      asker.send({ type: 'store_endpoint', connection_id: id }, endpoint);
      endpoint.close();
      await asker.dropped();
      expect(await world.caller.entry(id)).toMatchObject({ hostState: 'xpc_ready' });
      expect(world.broker.relay.storedEndpoints).toBe(1);
    } finally {
      listener.close();
    }
  });
});
