import { describe, expect, it } from 'vitest';
import { ManualClock } from '../clock/manual-clock.js';
import { ManualProcesses } from '../testing/world.js';
import type { ConnectionChange } from './changes.js';
import { ChangeFeed } from './changes.js';
import { mintId, Registry } from './index.js';
import { isSameProcess, systemProcesses } from './process-identity.js';

const named = {
  processorId: 'p',
  processorName: 'p',
  kind: '',
  schemasJson: '',
  timeoutSecs: 0,
  hostPid: null,
};

function open(maxConnections = 50): Registry {
  return new Registry({
    clock: new ManualClock(),
    processes: new ManualProcesses(),
    connectionLimits: { maxConnections },
    runtimeLimits: { maxRuntimes: 2, maxProcessorsPerRuntime: 2 },
  });
}

const runtime = (id: string, pid = 1) => ({ id, name: '', pid, apiAddress: '', logFile: '', version: '' });

describe('memory', () => {
  it('is bounded however many connections come and go', () => {
    const { connections } = open(50);
    for (let count = 0; count < 10_000; count++) {
      const { id } = connections.allocate({ ...named, runtimeId: 'r' });
      connections.require(id, { type: 'closed', reason: 'shutdown' });
    }
    expect([...connections.list()]).toHaveLength(100);
    expect(connections.counts()).toEqual({ live: 0, ready: 0, pending: 0, failed: 0 });
  });

  it('is bounded in runtimes and processors', () => {
    const registry = open();
    registry.register(runtime('a', 1), []);
    registry.register(runtime('b', 2), []);
    expect(() => registry.register(runtime('c', 3), [])).toThrow('its limit');
    const told = { name: '', kind: '', state: '', pid: 0, restarts: 0, connectionId: '', lastError: '' };
    for (const processorId of ['x', 'y', 'x']) registry.runtimes.report('a', { ...told, processorId });
    expect(() => registry.runtimes.report('a', { ...told, processorId: 'z' })).toThrow('the limit');
  });

  it('never drops a connection that lives to make room', () => {
    const { connections } = open(3);
    const live = connections.allocate({ ...named, runtimeId: 'r' }).id;
    for (let count = 0; count < 100; count++)
      connections.require(connections.allocate({ ...named, runtimeId: 'r' }).id, {
        type: 'closed',
        reason: '',
      });
    expect(connections.get(live)).not.toBeNull();
  });
});

describe('the change feed', () => {
  it('tells all listeners in the same order, also of what a listener causes', () => {
    const feed = new ChangeFeed();
    const record = open().connections.allocate({ ...named, runtimeId: 'r' });
    const told: string[] = [];
    const note = (who: string) => (change: ConnectionChange) => told.push(`${who} ${change.sequence}`);
    feed.subscribe((change) => {
      note('first')(change);
      if (change.sequence === 1) feed.tell({ at: 0, kind: 'changed', record, previous: null });
    });
    feed.subscribe(note('second'));
    feed.tell({ at: 0, kind: 'created', record, previous: null });
    expect(told).toEqual(['first 1', 'second 1', 'first 2', 'second 2']);
  });
});

describe('a runtime that starts anew under its old id', () => {
  it('loses the connections of the process that is gone', () => {
    const processes = new ManualProcesses();
    const registry = new Registry({ clock: new ManualClock(), processes });
    registry.register(runtime('a', 1), []);
    const { id } = registry.connections.allocate({ ...named, runtimeId: 'a' });
    processes.gone.add(1);
    registry.register(runtime('a', 2), []);
    expect(registry.connections.get(id)?.failureReason).toContain('another runtime has its id');
  });
});

describe('the process table of the system', () => {
  it('knows a process from one that had its number', () => {
    const own = systemProcesses.identify(process.pid);
    if (own === null) throw new Error('this process runs');
    expect(isSameProcess(systemProcesses, own)).toBe(true);
    expect(isSameProcess(systemProcesses, { pid: process.pid, startedAt: '1' })).toBe(false);
    // Above the largest pid that the kernel gives.
    expect(systemProcesses.identify(2 ** 22 + 1)).toBeNull();
  });
});

describe('ids', () => {
  it('are fit for a command line, and never the same', () => {
    const ids = new Set(Array.from({ length: 1_000 }, mintId));
    expect(ids.size).toBe(1_000);
    for (const id of ids) expect(id).toMatch(/^[0-9A-Za-z]{20}$/);
  });
});
