import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/manual-clock.js';
import { silentLogger } from '../logs/index.js';
import { type ConnectionChange, Registry } from '../registry/index.js';
import { derivedState } from '../state-machine/index.js';
import { ManualProcesses, ManualTimers } from '../testing/world.js';
import { Monitor, monitorOptions } from './monitor.js';

let clock: ManualClock;
let timers: ManualTimers;
let processes: ManualProcesses;
let registry: Registry;
let monitor: Monitor;

beforeEach(() => {
  clock = new ManualClock();
  timers = new ManualTimers();
  processes = new ManualProcesses();
  registry = new Registry({
    clock,
    processes,
    connectionLimits: { timeoutSecs: 300, graceMs: 60_000 },
    runtimeLimits: { leaseMs: 15_000 },
  });
  monitor = new Monitor(registry, clock, timers, silentLogger(), monitorOptions(30_000, 15_000));
  monitor.start();
});

function allocate(runtimeId = 'r1', timeoutSecs = 0): string {
  const named = { processorId: 'p', processorName: 'p', kind: '', schemasJson: '' };
  return registry.connections.allocate({ ...named, runtimeId, timeoutSecs, hostPid: null }).id;
}

function register(id = 'r1', pid = 42): void {
  registry.register({ id, name: '', pid, apiAddress: '', logFile: '', version: '' }, []);
}

function later(ms: number): void {
  clock.advance(ms);
  timers.fire();
}

/** Time as it passes: the runtimes beat. */
function pass(ms: number): void {
  for (let left = ms; left > 0; left -= 5_000) {
    for (const { info } of [...registry.runtimes.list()]) registry.runtimes.renew(info.id);
    later(Math.min(left, 5_000));
  }
}

const stateOf = (id: string) => {
  const record = registry.connections.get(id);
  return record === null ? null : derivedState(record);
};

describe('the monitor', () => {
  it('fails a handshake whose time is over, naming the stage, and forgets it after the grace period', () => {
    register();
    const id = allocate();
    registry.connections.require(id, { type: 'host_alive', pid: null });
    pass(299_000);
    expect(stateOf(id)).toBe('awaiting_client');
    pass(1_000);
    expect(stateOf(id)).toBe('failed');
    expect(registry.connections.get(id)?.failureReason).toBe(
      'timed out after 300 s: client never contacted the broker, and host never stored its endpoint',
    );
    pass(59_000);
    expect(stateOf(id)).toBe('failed');
    pass(1_000);
    expect(stateOf(id)).toBeNull();
  });

  it('keeps to the timeout of each connection', () => {
    register();
    const [short, long] = [allocate('r1', 10), allocate('r1', 1_000)];
    pass(10_000);
    expect([stateOf(short), stateOf(long)]).toEqual(['failed', 'awaiting_both']);
  });

  it('leaves a ready connection alone for as long as its runtime lives', () => {
    register();
    const id = allocate();
    for (const event of [
      { type: 'endpoint_stored', peerPid: 42 },
      { type: 'endpoint_polled', peerPid: 43 },
      { type: 'acked', side: 'host' },
      { type: 'acked', side: 'client' },
    ] as const)
      registry.connections.require(id, event);
    pass(3_600_000);
    expect(stateOf(id)).toBe('ready');
    processes.gone.add(42);
    pass(1_000);
    expect(stateOf(id)).toBe('failed');
  });

  it('ends a ready connection of nobody that is registered, after its timeout without a sign', () => {
    const id = allocate('stranger', 20);
    for (const event of [
      { type: 'endpoint_stored', peerPid: null },
      { type: 'endpoint_polled', peerPid: null },
      { type: 'acked', side: 'host' },
      { type: 'acked', side: 'client' },
    ] as const)
      registry.connections.require(id, event);
    pass(19_000);
    expect(stateOf(id)).toBe('ready');
    pass(1_000);
    expect(registry.connections.get(id)?.failureReason).toContain('runtime stranger is not registered');
  });

  it('drops a runtime within its lease, with its connections, and no other', () => {
    register('r1', 42);
    register('r2', 43);
    const [mine, other] = [allocate('r1'), allocate('r2')];
    for (let passed = 0; passed < 3; passed++) {
      registry.runtimes.renew('r2');
      later(5_000);
    }
    expect(registry.runtimes.get('r1')).toBeNull();
    expect([stateOf(mine), stateOf(other)]).toEqual(['failed', 'awaiting_both']);
  });

  it('blames no runtime for the time in which the broker itself was held up', () => {
    register();
    later(5_000);
    // The machine slept: no heartbeat can have come.
    later(3_600_000);
    expect(registry.runtimes.get('r1')).not.toBeNull();
  });

  it('tells each failure once', () => {
    const told: ConnectionChange[] = [];
    registry.connections.subscribe((change) => told.push(change));
    register();
    allocate('r1', 10);
    pass(20_000);
    expect(told.map((change) => change.kind)).toEqual(['created', 'changed']);
  });

  it('goes on after a bad round', () => {
    register();
    const id = allocate('r1', 10);
    const once = registry.connections.subscribe(() => {
      once();
      throw new Error('a listener that fails');
    });
    pass(10_000);
    pass(70_000);
    expect(stateOf(id)).toBeNull();
  });

  it('stops', () => {
    monitor.stop();
    expect(timers.size).toBe(0);
  });
});
