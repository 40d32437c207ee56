import { type Endpoint, Listener } from '@streamlib/host-bridge';
import { AllocateConnectionRequest } from '@streamlib/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Asker } from '../testing/asker.js';
import type { Caller } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

let world: World;
let caller: Caller;
let listener: Listener;
let asker: Asker;
const endpoints: Endpoint[] = [];

beforeEach(async () => {
  world = await openWorld();
  caller = world.caller;
  listener = Listener.anonymous();
  asker = new Asker(`${world.folder}/relay.sock`);
});
afterEach(async () => {
  for (const endpoint of endpoints.splice(0)) endpoint.close();
  asker.close();
  listener.close();
  await world.close();
});

function endpoint(): Endpoint {
  const fresh = listener.endpoint();
  endpoints.push(fresh);
  return fresh;
}

async function fetchEndpoint(connectionId: string): Promise<boolean> {
  const reply = await asker.get(connectionId);
  if (reply.endpoint !== null) endpoints.push(reply.endpoint);
  return reply.endpoint !== null;
}

describe('a handshake over gRPC and relay', () => {
  it('goes from allocation to ready, and each step says where it stands', async () => {
    const schemasJson = '{"inputs":{},"outputs":{}}';
    const connectionId = await caller.allocate({ schemasJson, kind: 'reactive', hostPid: 12 });
    expect(await caller.entry(connectionId)).toMatchObject({
      derivedState: 'awaiting_both',
      timeoutSecs: 300,
    });

    expect(await caller.call((c) => c.hostAlive, { connectionId, pid: 12 })).toEqual({
      success: true,
      clientState: 'pending',
    });
    expect(await caller.entry(connectionId)).toMatchObject({ derivedState: 'awaiting_client' });
    expect(await asker.store(connectionId, endpoint())).toMatchObject({ success: true });
    expect(await caller.call((c) => c.hostXpcReady, { connectionId })).toMatchObject({ success: true });
    expect(await caller.call((c) => c.clientAlive, { connectionId, pid: 13 })).toEqual({
      success: true,
      hostState: 'xpc_ready',
    });
    expect(await fetchEndpoint(connectionId)).toBe(true);
    expect(await caller.call((c) => c.getClientStatus, { connectionId })).toMatchObject({
      clientState: 'xpc_endpoint_received',
      derivedState: 'client_connecting',
    });
    expect(await caller.call((c) => c.getSchema, { connectionId })).toEqual({
      schemasJson,
      runtimeId: 'runtime-1',
      processorId: 'effect',
      processorName: 'effect',
      kind: 'reactive',
    });
    await caller.call((c) => c.reportChannelUp, { connectionId, clientPid: 13 });
    expect(await caller.call((c) => c.markAcked, { connectionId, side: 'host' })).toEqual({
      success: true,
      connectionState: 'awaiting_ack',
    });
    expect(await caller.call((c) => c.getHostStatus, { connectionId })).toMatchObject({ hostState: 'acked' });
    expect(await caller.call((c) => c.markAcked, { connectionId, side: 'client' })).toEqual({
      success: true,
      connectionState: 'ready',
    });
    world.clock.advance(5_000);
    expect(await caller.call((c) => c.getConnectionInfo, { connectionId })).toMatchObject({
      found: true,
      hostState: 'acked',
      clientState: 'acked',
      derivedState: 'ready',
      hostXpcEndpointStored: false,
      clientConnected: true,
      ageSecs: 5,
      timeoutSecs: 300,
    });
    expect(await caller.call((c) => c.getStatus, {})).toMatchObject({
      status: 'healthy',
      connectionCount: 1,
      readyCount: 1,
      pendingCount: 0,
      uptimeSecs: 5,
      pid: process.pid,
      grpcAddress: world.broker.address,
    });
  });

  it('may begin with the client, which then polls', async () => {
    const connectionId = await caller.allocate();
    expect(await caller.call((c) => c.clientAlive, { connectionId, pid: 0 })).toEqual({
      success: true,
      hostState: 'pending',
    });
    expect(await caller.entry(connectionId)).toMatchObject({
      derivedState: 'awaiting_host',
      waitingOn: 'host',
    });
    expect(await fetchEndpoint(connectionId)).toBe(false);
    expect(await caller.entry(connectionId)).toMatchObject({
      clientState: 'waiting_for_endpoint',
      derivedState: 'client_waiting_for_host_endpoint',
      pollCount: 1,
    });
    await asker.store(connectionId, endpoint());
    expect(await fetchEndpoint(connectionId)).toBe(true);
  });

  it('takes a repeated step that changes nothing', async () => {
    const connectionId = await caller.allocate();
    for (let time = 0; time < 2; time++) {
      await caller.call((c) => c.hostAlive, { connectionId, pid: 12 });
      await caller.call((c) => c.clientAlive, { connectionId, pid: 13 });
    }
    await asker.store(connectionId, endpoint());
    await caller.call((c) => c.hostXpcReady, { connectionId });
    await caller.call((c) => c.hostXpcReady, { connectionId });
    await caller.end(connectionId, 'shutdown');
    await caller.end(connectionId, 'shutdown');
    expect(await caller.entry(connectionId)).toMatchObject({
      derivedState: 'closed',
      closeReason: 'shutdown',
    });
  });

  it('ends as failed by an error, with the reason and the side that it happened to', async () => {
    const connectionId = await caller.allocate();
    await caller.end(connectionId, 'error', 'exit code 3', 'client');
    expect(await caller.call((c) => c.getHostStatus, { connectionId })).toEqual({
      hostState: 'pending',
      derivedState: 'failed',
      failureReason: 'exit code 3',
    });
    expect(await caller.entry(connectionId)).toMatchObject({ clientState: 'failed' });
  });
});

describe('errors', () => {
  const steps = [
    ['HostAlive', (id: string) => caller.refused((c) => c.hostAlive, { connectionId: id, pid: 0 })],
    ['HostXpcReady', (id: string) => caller.refused((c) => c.hostXpcReady, { connectionId: id })],
    ['ClientAlive', (id: string) => caller.refused((c) => c.clientAlive, { connectionId: id, pid: 0 })],
    ['GetClientStatus', (id: string) => caller.refused((c) => c.getClientStatus, { connectionId: id })],
    ['GetHostStatus', (id: string) => caller.refused((c) => c.getHostStatus, { connectionId: id })],
    ['MarkAcked', (id: string) => caller.refused((c) => c.markAcked, { connectionId: id, side: 'host' })],
    [
      'CloseConnection',
      (id: string) =>
        caller.refused((c) => c.closeConnection, { connectionId: id, reason: '', detail: '', side: '' }),
    ],
    ['GetSchema', (id: string) => caller.refused((c) => c.getSchema, { connectionId: id })],
    [
      'ReportChannelUp',
      (id: string) => caller.refused((c) => c.reportChannelUp, { connectionId: id, clientPid: 0 }),
    ],
  ] as const;

  it.each(steps)(
    '%s: an unknown connection is NOT_FOUND, a malformed id INVALID_ARGUMENT',
    async (_, call) => {
      const unknown = await call('nobody');
      expect(unknown).toMatchObject({ status: 'NOT_FOUND' });
      expect(unknown.message).toContain('STREAMLIB_CONNECTION_ID');
      expect(await call('')).toEqual({ status: 'INVALID_ARGUMENT', message: 'connection_id is empty' });
      expect((await call('../../etc')).status).toBe('INVALID_ARGUMENT');
      expect((await call('x'.repeat(129))).message).toContain('longer than 128');
    },
  );

  it('GetConnectionInfo answers found=false instead', async () => {
    expect(await caller.call((c) => c.getConnectionInfo, { connectionId: 'nobody' })).toMatchObject({
      found: false,
      derivedState: '',
    });
    expect((await caller.refused((c) => c.getConnectionInfo, { connectionId: '' })).status).toBe(
      'INVALID_ARGUMENT',
    );
  });

  it('a step out of order is FAILED_PRECONDITION and says what is missing', async () => {
    const connectionId = await caller.allocate();
    await caller.call((c) => c.hostAlive, { connectionId, pid: 0 });
    const early = await caller.refused((c) => c.hostXpcReady, { connectionId });
    expect(early.status).toBe('FAILED_PRECONDITION');
    expect(early.message).toContain('store_endpoint');
    for (const side of ['host', 'client'])
      expect((await caller.refused((c) => c.markAcked, { connectionId, side })).status).toBe(
        'FAILED_PRECONDITION',
      );
    const unheardOf = { connectionId: await caller.allocate(), clientPid: 0 };
    expect((await caller.refused((c) => c.reportChannelUp, unheardOf)).status).toBe('FAILED_PRECONDITION');
  });

  it('a second client of the same connection is refused, and the log tells', async () => {
    const connectionId = await caller.allocate();
    await caller.call((c) => c.clientAlive, { connectionId, pid: 13 });
    const second = await caller.refused((c) => c.clientAlive, { connectionId, pid: 14 });
    expect(second.status).toBe('FAILED_PRECONDITION');
    expect(second.message).toContain('belongs to client process 13');
    expect(world.broker.log.ring.past().at(-1)).toMatchObject({
      level: 'warn',
      message: `refused: ${second.message}`,
      fieldsJson: '{"call":"ClientAlive"}',
    });
  });

  it('a connection that ended takes no more steps', async () => {
    const connectionId = await caller.allocate();
    await caller.end(connectionId);
    const late = await caller.refused((c) => c.hostAlive, { connectionId, pid: 0 });
    expect(late).toMatchObject({ status: 'FAILED_PRECONDITION' });
    expect(late.message).toContain('allocate a new connection');
  });

  it.each([
    [{ runtimeId: '' }, 'runtime_id is empty'],
    [{ processorId: '' }, 'processor_id is empty'],
    [{ processorId: 'two\nlines' }, 'processor_id holds control characters'],
    [{ kind: 'eager' }, 'kind must be one of manual, reactive, continuous, or empty'],
    [{ schemasJson: '[]' }, 'schemas_json must be a JSON object'],
    [{ schemasJson: '{' }, 'schemas_json must be a JSON object'],
    [{ schemasJson: `{"a":"${'x'.repeat(70_000)}"}` }, 'schemas_json is longer than 65536'],
    [{ timeoutSecs: 1_000_000 }, 'timeout_secs is more than 86400 s'],
  ])('AllocateConnection refuses %j', async (change, message) => {
    const request = AllocateConnectionRequest.fromPartial({ runtimeId: 'r', processorId: 'p', ...change });
    const refused = await caller.refused((c) => c.allocateConnection, request);
    expect(refused.status).toBe('INVALID_ARGUMENT');
    expect(refused.message).toContain(message);
  });

  it('MarkAcked knows two sides', async () => {
    const connectionId = await caller.allocate();
    expect(await caller.refused((c) => c.markAcked, { connectionId, side: 'both' })).toEqual({
      status: 'INVALID_ARGUMENT',
      message: 'side must be "host" or "client"',
    });
  });
});

describe('a limit of connections', () => {
  it('is RESOURCE_EXHAUSTED until one ends', async () => {
    const small = await openWorld({ maxConnections: 2 });
    try {
      const first = await small.caller.allocate();
      await small.caller.allocate();
      const refused = await small.caller.refused(
        (c) => c.allocateConnection,
        AllocateConnectionRequest.fromPartial({ runtimeId: 'r', processorId: 'p' }),
      );
      expect(refused.status).toBe('RESOURCE_EXHAUSTED');
      expect(refused.message).toContain('--max-connections');
      await small.caller.end(first);
      expect(await small.caller.allocate()).toMatch(/^\w{20}$/);
    } finally {
      await small.close();
    }
  });
});

describe('a token', () => {
  it('is wanted with every call, and only the right one does', async () => {
    const guarded = await openWorld({ token: () => 'secret' });
    try {
      const missing = await guarded.caller.refused((c) => c.getStatus, {});
      expect(missing.status).toBe('UNAUTHENTICATED');
      expect(missing.message).toContain('STREAMLIB_BROKER_TOKEN');
      guarded.caller.metadata.set('authorization', 'Bearer guess');
      expect((await guarded.caller.refused((c) => c.getStatus, {})).message).toContain('a wrong token');
      guarded.caller.metadata.set('authorization', 'Bearer secret');
      expect(await guarded.caller.call((c) => c.getStatus, {})).toMatchObject({ status: 'healthy' });
    } finally {
      await guarded.close();
    }
  });
});
