import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { BrokerServiceService } from '@streamlib/proto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Caller } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

const secret = 'the-secret-of-this-user';
const clientCalls = ['clientAlive', 'getHostStatus', 'getSchema', 'markAcked', 'getConnectionInfo'];
const methods = Object.entries(BrokerServiceService);

let world: World;
let user: Caller;
let client: Caller;
let id: string;

beforeEach(async () => {
  world = await openWorld({ token: () => secret });
  user = new Caller(world.broker.address, secret);
  const allocated = await user.call((c) => c.allocateConnection, {
    ...{ runtimeId: 'r', processorId: 'p', schemasJson: '', processorName: '', kind: '' },
    ...{ timeoutSecs: 0, hostPid: 0 },
  });
  id = allocated.connectionId;
  client = new Caller(world.broker.address, allocated.clientToken);
});
afterEach(async () => {
  user.close();
  client.close();
  await world.close();
});

/** The status with which a method ends for who has that token. */
function statusOf(method: string, token: string | null): Promise<string> {
  const definition = BrokerServiceService[method as keyof typeof BrokerServiceService];
  const metadata = new Metadata();
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  const { responseDeserialize, path, responseStream } = definition;
  // The first field of each request is a text, if it has any: the id.
  const asBytes = () => Buffer.concat([Buffer.from([0x0a, id.length]), Buffer.from(id)]);
  return new Promise((resolve) => {
    const ended = (error: ServiceError | null) =>
      resolve(error === null ? 'OK' : (status[error.code] ?? '?'));
    if (responseStream) {
      const stream = user.client.makeServerStreamRequest(
        path,
        asBytes,
        responseDeserialize as never,
        null,
        metadata,
        {},
      );
      stream.on('error', ended);
      stream.on('data', () => ended(null));
      stream.on('end', () => ended(null));
    } else
      user.client.makeUnaryRequest(path, asBytes, responseDeserialize as never, null, metadata, {}, ended);
  });
}

describe('no call is answered', () => {
  it('there are as many as this file thinks', () => {
    expect(methods).toHaveLength(21);
  });

  it.each(methods.map(([name]) => name))('without a token, or with a wrong one: %s', async (method) => {
    for (const token of [null, 'wrong', '', `client.${id}.wrong`])
      expect(await statusOf(method, token)).toBe('UNAUTHENTICATED');
  });
});

describe("a client's token", () => {
  const others = methods.map(([name]) => name).filter((name) => !clientCalls.includes(name));

  it('opens a handshake of its own connection', async () => {
    expect(await client.call((c) => c.clientAlive, { connectionId: id, pid: 0 })).toMatchObject({
      success: true,
    });
    expect(await client.call((c) => c.getSchema, { connectionId: id })).toMatchObject({ processorId: 'p' });
    expect(await client.call((c) => c.getHostStatus, { connectionId: id })).toMatchObject({
      hostState: 'pending',
    });
    expect(await client.call((c) => c.getConnectionInfo, { connectionId: id })).toMatchObject({
      found: true,
    });
  });

  it.each(others)('does not open %s', async (method) => {
    const token = String(client.metadata.get('authorization')[0]).replace('Bearer ', '');
    expect(await statusOf(method, token)).toBe('PERMISSION_DENIED');
  });

  it('does not open another connection', async () => {
    const other = await user.allocate();
    expect(await client.refused((c) => c.getSchema, { connectionId: other })).toMatchObject({
      status: 'PERMISSION_DENIED',
      message: expect.stringContaining('good for that connection only'),
    });
    expect(await client.refused((c) => c.clientAlive, { connectionId: '', pid: 0 })).toMatchObject({
      status: 'PERMISSION_DENIED',
    });
  });

  it('does not let it speak for its host', async () => {
    expect(await client.refused((c) => c.markAcked, { connectionId: id, side: 'host' })).toMatchObject({
      status: 'PERMISSION_DENIED',
      message: expect.stringContaining('MarkAcked for the host'),
    });
  });

  it('dies with its connection, and says why that ended', async () => {
    await user.end(id, 'error', 'its process was killed', 'client');
    expect(await client.refused((c) => c.getSchema, { connectionId: id })).toEqual({
      status: 'UNAUTHENTICATED',
      message: expect.stringMatching(
        /has ended \(.*its process was killed.*\), and its client's token with it$/,
      ),
    });
  });

  it('is good at a broker that has come back and knows nothing yet', async () => {
    const next = await openWorld({ token: () => secret });
    const token = String(client.metadata.get('authorization')[0]).replace('Bearer ', '');
    const again = new Caller(next.broker.address, token);
    try {
      const refused = await again.refused((c) => c.clientAlive, { connectionId: id, pid: 0 });
      expect(refused.status).toBe('NOT_FOUND');
    } finally {
      again.close();
      await next.close();
    }
  });
});

describe('a unix socket', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'streamlib-grpc-'));
    path = join(folder, 'private', 'grpc.sock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('serves instead of a port, to this user only, and still wants the token', async () => {
    const private_ = await openWorld({ address: `unix:${path}`, token: () => secret });
    const caller = new Caller(`unix:${path}`, secret);
    const stranger = new Caller(`unix:${path}`);
    try {
      expect(private_.broker.address).toBe(`unix:${path}`);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(statSync(join(folder, 'private')).mode & 0o777).toBe(0o700);
      expect(await caller.call((c) => c.getStatus, {})).toMatchObject({ grpcAddress: `unix:${path}` });
      expect(await stranger.refused((c) => c.getStatus, {})).toMatchObject({ status: 'UNAUTHENTICATED' });
    } finally {
      caller.close();
      stranger.close();
      await private_.close();
    }
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('is refused where others may write, and where something else lies', async () => {
    await expect(openWorld({ address: 'unix:/tmp/streamlib-anybodys.sock' })).rejects.toThrow(
      'Others may write to /tmp',
    );
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(openWorld({ address: `unix:${file}` })).rejects.toThrow('is not a socket');
  });
});

it('says what there is to call only to who has the token', async () => {
  const { loadPackageDefinition } = await import('@grpc/grpc-js');
  const { loadSync } = await import('@grpc/proto-loader');
  const { createRequire } = await import('node:module');
  const { dirname } = await import('node:path');
  const package_ = createRequire(import.meta.url).resolve('@grpc/reflection/package.json');
  const proto = loadPackageDefinition(
    loadSync(join(dirname(package_), 'build/proto/grpc/reflection/v1/reflection.proto')),
    // biome-ignore lint/suspicious/noExplicitAny: built at run time, as such tools do
  ) as any;
  const reflection = new proto.grpc.reflection.v1.ServerReflection(
    world.broker.address,
    credentials.createInsecure(),
  );
  try {
    const ended = await new Promise<string>((resolve) => {
      const stream = reflection.serverReflectionInfo();
      stream.on('error', (error: ServiceError) => resolve(status[error.code] ?? '?'));
      stream.on('data', () => resolve('OK'));
      stream.write({ listServices: '' });
    });
    expect(ended).toBe('UNAUTHENTICATED');
  } finally {
    reflection.close();
  }
});
