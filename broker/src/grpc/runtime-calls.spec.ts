import { LiveConnection, ProcessorReport } from '@streamlib/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Caller } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

let world: World;
let caller: Caller;

beforeEach(async () => {
  world = await openWorld();
  caller = world.caller;
});
afterEach(() => world.close());

const runtimeId = 'runtime-1';

function live(change: Partial<LiveConnection> = {}): LiveConnection {
  return LiveConnection.fromPartial({
    connectionId: 'c1',
    processorId: 'effect',
    hostState: 'acked',
    clientState: 'acked',
    ...change,
  });
}

function report(change: Partial<ProcessorReport> = {}): ProcessorReport {
  return ProcessorReport.fromPartial({
    processorId: 'effect',
    kind: 'reactive',
    state: 'running',
    ...change,
  });
}

describe('a runtime', () => {
  it('registers, is listed by id and by name, and leaves with its connections', async () => {
    expect(await caller.register({ logFile: '/x/r.log', version: '0.1.0' })).toMatchObject({ leaseSecs: 15 });
    const connectionId = await caller.allocate();
    for (const wanted of ['', runtimeId, 'demo']) {
      const { runtimes } = await caller.call((c) => c.listRuntimes, { runtimeId: wanted });
      expect(runtimes).toMatchObject([
        { runtimeId, name: 'demo', pid: 4711, logFile: '/x/r.log', connectionCount: 1, readyCount: 0 },
      ]);
    }
    expect(await caller.list({ runtimeId: 'demo' })).toMatchObject([{ connectionId }]);
    expect(await caller.call((c) => c.unregisterRuntime, { runtimeId })).toEqual({
      success: true,
      closedConnections: 1,
    });
    expect(await caller.call((c) => c.unregisterRuntime, { runtimeId })).toMatchObject({ success: true });
    expect(await caller.entry(connectionId)).toMatchObject({
      derivedState: 'closed',
      closeReason: 'shutdown',
    });
  });

  it('that is not known is told to register again', async () => {
    const refused = await caller.refused((c) => c.heartbeat, { runtimeId, processors: [] });
    expect(refused.status).toBe('NOT_FOUND');
    expect(refused.message).toContain('RegisterRuntime');
    expect((await caller.refused((c) => c.listRuntimes, { runtimeId: 'nobody' })).status).toBe('NOT_FOUND');
    expect((await caller.refused((c) => c.reportProcessor, { runtimeId, processor: report() })).status).toBe(
      'NOT_FOUND',
    );
  });

  it('keeps its lease by heartbeats, and loses its connections with it', async () => {
    await caller.register();
    const connectionId = await caller.allocate();
    for (let beat = 0; beat < 3; beat++) {
      world.later(5_000);
      await caller.call((c) => c.heartbeat, { runtimeId, processors: [] });
    }
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ runtimeCount: 1, connectionCount: 1 });
    for (let passed = 0; passed < 4; passed++) world.later(5_000);
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ runtimeCount: 0, connectionCount: 0 });
    expect(await caller.entry(connectionId)).toMatchObject({
      derivedState: 'failed',
      failureReason: 'runtime demo (runtime-1) is gone: its lease lapsed: no heartbeat for 15 s',
    });
  });

  it('whose process is gone is dropped at the next look', async () => {
    await caller.register();
    const connectionId = await caller.allocate();
    world.processes.gone.add(4711);
    world.later(1);
    expect((await caller.entry(connectionId)).failureReason).toContain('its process 4711 is gone');
  });

  it('cannot take the id of one that lives', async () => {
    await caller.register();
    await expect(caller.register({ pid: 99 })).rejects.toThrow(/FAILED_PRECONDITION.*process 4711/);
  });
});

describe('a broker that came back', () => {
  it('adopts what is ready, and the handshakes that are under way', async () => {
    const connections = [
      live({ connectionId: 'ready', createdAtMs: 1_000, readyAtMs: 2_000, clientPid: 13 }),
      live({ connectionId: 'young', hostState: 'alive', clientState: 'pending' }),
      live({ connectionId: 'dead', hostState: 'failed', clientState: 'pending' }),
    ];
    const answer = await caller.register({ connections, processors: [report({ connectionId: 'ready' })] });
    expect(answer.adoptedConnectionIds).toEqual(['ready', 'young']);
    expect(answer.rejectedConnections).toMatchObject([{ connectionId: 'dead' }]);
    expect(await caller.entry('ready')).toMatchObject({
      derivedState: 'ready',
      readyAtMs: 2_000,
      clientPid: 13,
    });
    expect(await caller.entry('young')).toMatchObject({ derivedState: 'awaiting_client' });
    // Registering once more changes nothing.
    expect((await caller.register({ connections: connections.slice(0, 2) })).adoptedConnectionIds).toEqual([
      'ready',
      'young',
    ]);
  });

  it('checks everything before it changes anything', async () => {
    await expect(
      caller.register({ connections: [live(), live({ connectionId: 'c2', hostState: 'asleep' })] }),
    ).rejects.toThrow(/INVALID_ARGUMENT.*host_state is "asleep"/);
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ runtimeCount: 0, connectionCount: 0 });
  });

  it('takes back connections of a runtime that was only suspended', async () => {
    await caller.register({ connections: [live({ connectionId: 'mine' })] });
    for (let passed = 0; passed < 4; passed++) world.later(5_000);
    expect(await caller.entry('mine')).toMatchObject({ derivedState: 'failed' });
    const answer = await caller.register({ connections: [live({ connectionId: 'mine' })] });
    expect(answer.adoptedConnectionIds).toEqual(['mine']);
    expect(await caller.entry('mine')).toMatchObject({ derivedState: 'ready' });
  });

  it('refuses a connection of another runtime', async () => {
    await caller.register({ connections: [live()] });
    const answer = await caller.register({ runtimeId: 'runtime-2', pid: 5, connections: [live()] });
    expect(answer.rejectedConnections).toEqual([
      { connectionId: 'c1', reason: 'it belongs to another runtime' },
    ]);
  });
});

describe('processors', () => {
  it('are listed as reported, else by their connection', async () => {
    await caller.register();
    const connectionId = await caller.allocate({ processorId: 'effect' });
    await caller.allocate({ processorId: 'silent', processorName: 'Silent', kind: 'manual' });
    await caller.call((c) => c.reportProcessor, {
      runtimeId,
      processor: report({ pid: 77, restarts: 2, connectionId, lastError: 'exit code 3' }),
    });
    const { processors } = await caller.call((c) => c.listProcessors, { runtimeId: 'demo', state: '' });
    expect(processors).toMatchObject([
      {
        processorId: 'effect',
        name: 'effect',
        state: 'running',
        pid: 77,
        restarts: 2,
        lastError: 'exit code 3',
      },
      { processorId: 'silent', name: 'Silent', kind: 'manual', state: 'awaiting_both', pid: 0 },
    ]);
    await caller.call((c) => c.heartbeat, { runtimeId, processors: [report({ state: 'backing_off' })] });
    const stopped = await caller.call((c) => c.listProcessors, { runtimeId: '', state: 'backing_off' });
    expect(stopped.processors).toMatchObject([{ processorId: 'effect', state: 'backing_off' }]);
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ processorCount: 2 });
  });

  it('are forgotten when they are stopped, and leave room for others', async () => {
    await caller.register();
    const ids = async () =>
      (await caller.call((c) => c.listProcessors, { runtimeId: 'demo', state: '' })).processors.map(
        ({ processorId }) => processorId,
      );
    // More than a runtime may have at once, one after the other.
    for (let n = 0; n < 1100; n++) {
      for (const state of ['running', 'stopped'])
        await caller.call((c) => c.reportProcessor, {
          runtimeId,
          processor: report({ processorId: `p${n}`, state }),
        });
    }
    expect(await ids()).toEqual([]);
    await caller.call((c) => c.heartbeat, {
      runtimeId,
      processors: [report({ state: 'stopped' }), report()],
    });
    expect(await ids()).toEqual(['effect']);
  });

  it('of a runtime that ended in order were told as failed, with 0 restarts and the number of a dead process', async () => {
    await caller.register();
    const failed = await caller.allocate();
    await caller.call((c) => c.clientAlive, { connectionId: failed, pid: 77 });
    await caller.end(failed, 'error', 'the subprocess was killed');
    const crashed = report({ state: 'backing_off', restarts: 6, pid: 77, connectionId: failed });
    await caller.call((c) => c.reportProcessor, { runtimeId, processor: crashed });
    await caller.call((c) => c.unregisterRuntime, { runtimeId });
    const { processors } = await caller.call((c) => c.listProcessors, { runtimeId: '', state: '' });
    expect(processors).toMatchObject([
      { processorId: 'effect', state: 'stopped', pid: 0, restarts: 6, connectionId: failed },
    ]);
  });

  it('whose newest connection was closed in order are not told by an older one that failed', async () => {
    await caller.register();
    await caller.end(await caller.allocate(), 'error', 'the subprocess was killed');
    const connectionId = await caller.allocate();
    for (const state of ['running', 'stopped'])
      await caller.call((c) => c.reportProcessor, { runtimeId, processor: report({ state, connectionId }) });
    await caller.call((c) => c.unregisterRuntime, { runtimeId });
    expect(await caller.call((c) => c.listProcessors, { runtimeId: '', state: '' })).toEqual({
      processors: [],
    });
  });

  it('of a runtime that was killed are failed, and keep the count of their restarts', async () => {
    await caller.register();
    const connectionId = await caller.allocate();
    await caller.call((c) => c.reportProcessor, {
      runtimeId,
      processor: report({ restarts: 2, pid: 77, connectionId }),
    });
    world.processes.gone.add(4711);
    world.later(1);
    const { processors } = await caller.call((c) => c.listProcessors, { runtimeId: '', state: '' });
    expect(processors).toMatchObject([{ state: 'failed', pid: 0, restarts: 2 }]);
  });

  it('need an id', async () => {
    await caller.register();
    const refused = await caller.refused((c) => c.reportProcessor, {
      runtimeId,
      processor: report({ processorId: '' }),
    });
    expect(refused).toEqual({ status: 'INVALID_ARGUMENT', message: 'processor.processor_id is empty' });
    expect((await caller.refused((c) => c.reportProcessor, { runtimeId, processor: undefined })).status).toBe(
      'INVALID_ARGUMENT',
    );
  });
});

describe('the list of connections', () => {
  it('filters by state, and shows closed ones on demand', async () => {
    const open = await caller.allocate();
    const closed = await caller.allocate();
    const failed = await caller.allocate();
    await caller.end(closed);
    await caller.end(failed, 'error', 'broken', 'host');
    const ids = async (request: Parameters<Caller['list']>[0]) =>
      (await caller.list(request)).map((entry) => entry.connectionId);
    expect(await ids({})).toEqual([open, failed]);
    expect(await ids({ includeClosed: true })).toEqual([open, closed, failed]);
    expect(await ids({ state: 'closed' })).toEqual([closed]);
    expect(await ids({ state: 'failed' })).toEqual([failed]);
    await expect(caller.list({ state: 'dreaming' })).rejects.toThrow(/INVALID_ARGUMENT.*awaiting_both/);
    await expect(caller.list({ runtimeId: 'nobody' })).rejects.toThrow(/NOT_FOUND/);
  });
});
