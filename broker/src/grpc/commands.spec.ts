import { AllocateConnectionRequest } from '@streamlib/proto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, type ConnectionRecord, createRecord, derivedState } from '../state-machine/index.js';
import { Caller } from '../testing/caller.js';
import { openWorld, type World } from '../testing/world.js';

/**
 * Random calls, valid and not, in random order, against the real service; beside it goes a model that only knows the pure state
 * machine. After each call both must say the same of every connection.
 */
const numRuns = Number(process.env.STREAMLIB_FUZZ_RUNS ?? 25);

interface Model {
  readonly records: Map<string, ConnectionRecord>;
}

interface Real {
  readonly world: World;
  readonly user: Caller;
  readonly clients: Map<string, Caller>;
  /** In the order of their making: what a command's number means. */
  readonly ids: string[];
}

let world: World;
let user: Caller;
beforeAll(async () => {
  world = await openWorld({ token: () => 'the-secret-of-this-user', maxConnections: 1_000 });
  user = new Caller(world.broker.address, 'the-secret-of-this-user');
});
afterAll(async () => {
  user.close();
  await world.close();
});

type Event = Parameters<typeof apply>[1];

/** Applies the event to the model; the status with which the call must end. */
function expected(model: Model, id: string, event: Event): string {
  const record = model.records.get(id);
  if (record === undefined) return 'NOT_FOUND';
  const outcome = apply(record, event, 0);
  if ('refusal' in outcome) return 'FAILED_PRECONDITION';
  model.records.set(id, outcome.record);
  return 'OK';
}

async function statusOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    const { code } = error as { code: number };
    const { status } = await import('@grpc/grpc-js');
    return status[code] ?? String(code);
  }
}

async function agree(model: Model, real: Real): Promise<void> {
  for (const [id, record] of model.records) {
    const entry = await real.user.entry(id);
    expect({ host: entry.hostState, client: entry.clientState, derived: entry.derivedState }).toEqual({
      host: record.host.state,
      client: record.client.state,
      derived: derivedState(record),
    });
  }
}

abstract class OnConnection implements fc.AsyncCommand<Model, Real> {
  constructor(protected readonly which: number) {}

  check(): boolean {
    return true;
  }

  /** One that there is, or one that never was. */
  protected id(real: Real): string {
    return real.ids.length === 0
      ? 'never-was'
      : (real.ids[this.which % (real.ids.length + 1)] ?? 'never-was');
  }

  abstract run(model: Model, real: Real): Promise<void>;
  abstract toString(): string;
}

class Allocate implements fc.AsyncCommand<Model, Real> {
  check(model: Readonly<Model>): boolean {
    return model.records.size < 4;
  }

  async run(model: Model, real: Real): Promise<void> {
    const request = AllocateConnectionRequest.fromPartial({ runtimeId: 'r', processorId: 'p' });
    const { connectionId, clientToken } = await real.user.call((c) => c.allocateConnection, request);
    const made = { id: connectionId, runtimeId: 'r', processorId: 'p', processorName: 'p' };
    const record = createRecord({ ...made, kind: '', schemasJson: '', timeoutSecs: 300, hostPid: null }, 0);
    model.records.set(connectionId, record);
    real.ids.push(connectionId);
    real.clients.set(connectionId, new Caller(real.world.broker.address, clientToken));
    await agree(model, real);
  }

  toString = () => 'allocate';
}

/** A step as the host, and so as the user's own program, makes it; or as the client with its token. */
class Step extends OnConnection {
  constructor(
    which: number,
    private readonly name:
      | 'hostAlive'
      | 'clientAlive'
      | 'hostXpcReady'
      | 'ackHost'
      | 'ackClient'
      | 'channelUp'
      | 'close'
      | 'fail',
    private readonly pid: number,
    private readonly asClient: boolean,
  ) {
    super(which);
  }

  async run(model: Model, real: Real): Promise<void> {
    const id = this.id(real);
    const client = this.asClient ? real.clients.get(id) : undefined;
    const caller = client ?? real.user;
    const status = await statusOf(this.call(caller, id));
    const may = client === undefined || this.name === 'clientAlive' || this.name === 'ackClient';
    const record = model.records.get(id);
    const over = record !== undefined && ['failed', 'closed'].includes(derivedState(record));
    if (!may) expect(status).toBe('PERMISSION_DENIED');
    // Its token died with the connection.
    else if (client !== undefined && over) expect(status).toBe('UNAUTHENTICATED');
    else expect(status).toBe(expected(model, id, this.event()));
    await agree(model, real);
  }

  private call(caller: Caller, connectionId: string): Promise<unknown> {
    const { pid } = this;
    switch (this.name) {
      case 'hostAlive':
        return caller.call((c) => c.hostAlive, { connectionId, pid });
      case 'clientAlive':
        return caller.call((c) => c.clientAlive, { connectionId, pid });
      case 'hostXpcReady':
        return caller.call((c) => c.hostXpcReady, { connectionId });
      case 'ackHost':
        return caller.call((c) => c.markAcked, { connectionId, side: 'host' });
      case 'ackClient':
        return caller.call((c) => c.markAcked, { connectionId, side: 'client' });
      case 'channelUp':
        return caller.call((c) => c.reportChannelUp, { connectionId, clientPid: pid });
      case 'close':
        return caller.call((c) => c.closeConnection, {
          connectionId,
          reason: 'finished',
          detail: '',
          side: '',
        });
      case 'fail':
        return caller.call((c) => c.closeConnection, {
          connectionId,
          reason: 'error',
          detail: 'it broke',
          side: 'client',
        });
    }
  }

  private event(): Event {
    const pid = this.pid === 0 ? null : this.pid;
    switch (this.name) {
      case 'hostAlive':
        return { type: 'host_alive', pid };
      case 'clientAlive':
        return { type: 'client_alive', pid };
      case 'hostXpcReady':
        return { type: 'host_xpc_ready' };
      case 'ackHost':
        return { type: 'acked', side: 'host' };
      case 'ackClient':
        return { type: 'acked', side: 'client' };
      case 'channelUp':
        return { type: 'channel_up', clientPid: pid };
      case 'close':
        return { type: 'closed', reason: 'finished' };
      case 'fail':
        return { type: 'side_failed', side: 'client', reason: 'it broke' };
    }
  }

  toString = () => `${this.name}(#${this.which}, ${this.pid})${this.asClient ? ' as the client' : ''}`;
}

/** Values that no caller should send: refused by their form, and nothing changes. */
class Nonsense implements fc.AsyncCommand<Model, Real> {
  constructor(
    private readonly id: string,
    private readonly side: string,
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: Model, real: Real): Promise<void> {
    const fine = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/.test(this.id);
    const sideIsFine = this.side === 'host' || this.side === 'client';
    const status = await statusOf(
      real.user.call((c) => c.markAcked, { connectionId: this.id, side: this.side }),
    );
    expect(status).toBe(fine && sideIsFine ? 'NOT_FOUND' : 'INVALID_ARGUMENT');
    await agree(model, real);
  }

  toString = () => `markAcked(${JSON.stringify(this.id)}, ${JSON.stringify(this.side)})`;
}

const which = fc.nat({ max: 7 });
const pid = fc.constantFrom(0, 0, 11, 12);
const names = [
  'hostAlive',
  'clientAlive',
  'hostXpcReady',
  'ackHost',
  'ackClient',
  'channelUp',
  'close',
  'fail',
] as const;
const commands = fc.commands(
  [
    fc.constant(new Allocate()),
    ...names.map((name) =>
      fc.tuple(which, pid, fc.boolean()).map(([n, p, asClient]) => new Step(n, name, p, asClient)),
    ),
    fc
      .tuple(
        fc.oneof(fc.string(), fc.constantFrom('', 'x y', 'a'.repeat(129))),
        fc.constantFrom('host', 'client', '', 'both'),
      )
      .map(([id, side]) => new Nonsense(id, side)),
  ],
  { maxCommands: 40 },
);

describe('random calls', () => {
  it('leave the service and the model of it in the same state, whatever their order', async () => {
    const clients = new Map<string, Caller>();
    await fc.assert(
      fc.asyncProperty(commands, async (cmds) => {
        const ids: string[] = [];
        const setup = () => ({ model: { records: new Map() }, real: { world, user, clients, ids } });
        try {
          await fc.asyncModelRun(setup, cmds);
        } finally {
          for (const client of clients.values()) client.close();
          clients.clear();
          await Promise.all(ids.map((id) => user.end(id).catch(() => undefined)));
        }
      }),
      { numRuns },
    );
  }, 120_000);
});
