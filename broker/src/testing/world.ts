import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManualClock } from '../clock/manual-clock.js';
import { openLog } from '../logs/index.js';
import type { Timers } from '../monitor/index.js';
import type { ProcessTable } from '../registry/index.js';
import { Broker, type BrokerOptions } from '../service/broker.js';
import { Caller } from './caller.js';

/** Timers that run when a test says so. */
export class ManualTimers implements Timers {
  private readonly acts = new Set<() => void>();

  every(_ms: number, act: () => void): () => void {
    const own = () => act();
    this.acts.add(own);
    return () => this.acts.delete(own);
  }

  fire(): void {
    for (const act of this.acts) act();
  }

  get size(): number {
    return this.acts.size;
  }
}

/** Which processes there are. */
export class ManualProcesses implements ProcessTable {
  readonly gone = new Set<number>();

  identify(pid: number) {
    return this.gone.has(pid) ? null : { pid, startedAt: '1' };
  }
}

export interface World {
  readonly broker: Broker;
  readonly caller: Caller;
  readonly clock: ManualClock;
  readonly timers: ManualTimers;
  readonly processes: ManualProcesses;
  readonly folder: string;
  /** Time passes, and the monitor looks. */
  later(ms: number): void;
  close(): Promise<void>;
}

/** A broker in this process, with time in the test's hands. */
export async function openWorld(options: Partial<BrokerOptions> = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'streamlib-broker-test-'));
  const clock = new ManualClock();
  const timers = new ManualTimers();
  const processes = new ManualProcesses();
  const logFile = join(folder, 'broker.log');
  const broker = await Broker.start({
    address: '127.0.0.1:0',
    relayPath: join(folder, 'relay.sock'),
    logFile,
    openLog: () => openLog({ file: logFile, level: 'debug' }),
    token: () => null,
    maxConnections: 100,
    timeoutSecs: 300,
    graceSecs: 60,
    leaseSecs: 15,
    monitorIntervalSecs: 30,
    clock,
    timers,
    processes,
    ...options,
  });
  const caller = new Caller(broker.address);
  return {
    broker,
    caller,
    clock,
    timers,
    processes,
    folder,
    later: (ms) => {
      clock.advance(ms);
      timers.fire();
    },
    close: async () => {
      caller.close();
      await broker.stop('the test is over');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
