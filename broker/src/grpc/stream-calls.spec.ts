import { TailLogsRequest, WatchConnectionsRequest } from '@streamlib/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Caller, Reader } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

let world: World;
let caller: Caller;

beforeEach(async () => {
  world = await openWorld({ streamLimits: { maxStreams: 3, maxPending: 500 } });
  caller = world.caller;
});
afterEach(() => world.close());

function watch(request: Partial<WatchConnectionsRequest> = {}) {
  return new Reader(caller.client.watchConnections(WatchConnectionsRequest.fromPartial(request)));
}

function tail(request: Partial<TailLogsRequest> = {}) {
  return new Reader(caller.client.tailLogs(TailLogsRequest.fromPartial(request)));
}

/** The stream stands once its snapshot came. */
async function watching(request: Partial<WatchConnectionsRequest> = {}) {
  const anchor = await caller.allocate({
    processorId: 'anchor',
    runtimeId: request.runtimeId || 'runtime-1',
  });
  const reader = watch({ includeCurrent: true, ...request });
  await reader.atLeast(1);
  reader.messages.length = 0;
  return { reader, anchor };
}

describe('WatchConnections', () => {
  it('tells each change once and in order, with what was before', async () => {
    const { reader } = await watching();
    const connectionId = await caller.allocate();
    await caller.call((c) => c.hostAlive, { connectionId, pid: 0 });
    await caller.call((c) => c.hostAlive, { connectionId, pid: 0 });
    await caller.call((c) => c.clientAlive, { connectionId, pid: 0 });
    await caller.end(connectionId);
    world.later(61_000);
    const events = await reader.atLeast(5);
    expect(events.map((e) => [e.kind, e.previousDerivedState, e.connection?.derivedState])).toEqual([
      ['created', '', 'awaiting_both'],
      ['changed', 'awaiting_both', 'awaiting_client'],
      ['changed', 'awaiting_client', 'both_alive_awaiting_host_xpc'],
      ['changed', 'both_alive_awaiting_host_xpc', 'closed'],
      ['removed', 'closed', 'closed'],
    ]);
    const first = events[0]?.sequence ?? 0;
    expect(events.map((e) => e.sequence)).toEqual([0, 1, 2, 3, 4].map((n) => first + n));
  });

  it('begins with a snapshot, after which no change is missing', async () => {
    const connectionId = await caller.allocate();
    const reader = watch({ includeCurrent: true });
    const [snapshot] = await reader.atLeast(1);
    expect(snapshot).toMatchObject({ kind: 'snapshot', connection: { connectionId } });
    await caller.end(connectionId);
    const events = await reader.atLeast(2);
    expect(events[1]?.sequence).toBe((snapshot?.sequence ?? 0) + 1);
  });

  it('filters by runtime name, state and connection', async () => {
    await caller.register();
    const mine = await caller.allocate();
    const other = await caller.allocate({ runtimeId: 'runtime-2' });
    const named = watch({ runtimeId: 'demo', includeCurrent: true });
    const ended = watch({ state: 'failed', connectionId: mine, includeCurrent: true });
    await named.atLeast(1);
    await caller.end(other, 'error');
    world.processes.gone.add(4711);
    // The runtime is dropped before its connections fail: its name still finds them.
    world.later(1);
    const last = (await named.atLeast(named.messages.length + 1)).at(-1);
    expect(last).toMatchObject({
      kind: 'changed',
      connection: { runtimeId: 'runtime-1', derivedState: 'failed' },
    });
    expect((await ended.atLeast(1)).map((e) => e.connection?.connectionId)).toEqual([mine]);
    expect(await watch({ state: 'dreaming' }).end()).toBe('INVALID_ARGUMENT');
  });

  it('gives up on a reader that does not read, and keeps nothing for it', async () => {
    const { reader, anchor } = await watching();
    reader.stream.pause();
    // Enough to fill gRPC's own buffers (64 KiB windows) and then the 500 that may wait here.
    for (let batch = 0; batch < 40; batch++) {
      const ids = await Promise.all(
        Array.from({ length: 50 }, () => caller.allocate({ processorName: 'x'.repeat(200) })),
      );
      await Promise.all(ids.map((id) => caller.end(id)));
    }
    reader.stream.resume();
    expect(await reader.end()).toBe('RESOURCE_EXHAUSTED');
    const sequences = reader.messages.map((message) => message.sequence);
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
    // Others, and this one with a new stream, are served.
    const again = watch({ includeCurrent: true, connectionId: anchor });
    expect(await again.atLeast(1)).toHaveLength(1);
  });

  it('is refused when there are too many streams, and counts those that ended no more', async () => {
    const readers = [watch(), watch(), watch()];
    expect(await watch().end()).toBe('RESOURCE_EXHAUSTED');
    for (const reader of readers) {
      reader.cancel();
      expect(await reader.end()).toBe('CANCELLED');
    }
    await expect
      .poll(async () => {
        const probe = watch({ includeCurrent: true, state: 'dreaming' });
        return probe.end();
      })
      .toBe('INVALID_ARGUMENT');
  });

  it('ends when the broker stops', async () => {
    const { reader } = await watching();
    await world.broker.stop('test');
    expect(await reader.end()).toBe('UNAVAILABLE');
  });
});

describe('TailLogs', () => {
  it('sends the past, filtered by level, and ends', async () => {
    const connectionId = await caller.allocate();
    await caller.end(connectionId, 'error', 'it broke', 'host');
    const info = tail();
    expect(await info.end()).toBe('OK');
    expect(info.messages.map((line) => line.message)).toEqual([
      'broker started',
      'connection failed: it broke',
    ]);
    const debug = tail({ level: 'debug' });
    expect(await debug.end()).toBe('OK');
    expect(debug.messages.map((line) => line.message)).toContain('connection created');
    const one = tail({ level: 'warn', lines: 1 });
    expect(await one.end()).toBe('OK');
    expect(one.messages).toMatchObject([{ level: 'warn', message: 'connection failed: it broke' }]);
    expect(JSON.parse(one.messages[0]?.fieldsJson ?? '')).toMatchObject({ connection_id: connectionId });
    const none = tail({ lines: 0 });
    expect(await none.end()).toBe('OK');
    expect(none.messages).toEqual([]);
  });

  it('follows: each line once', async () => {
    const reader = tail({ follow: true, level: 'warn', lines: 0 });
    const anchor = tail({ follow: true, lines: 1 });
    await anchor.atLeast(1);
    for (const detail of ['one', 'two', 'three'])
      await caller.end(await caller.allocate(), 'error', detail, 'host');
    const lines = await reader.atLeast(3);
    expect(lines.map((line) => line.message)).toEqual(
      ['one', 'two', 'three'].map((detail) => `connection failed: ${detail}`),
    );
    reader.cancel();
    anchor.cancel();
  });

  it('refuses a level that there is not', async () => {
    expect(await tail({ level: 'loud' }).end()).toBe('INVALID_ARGUMENT');
  });
});
