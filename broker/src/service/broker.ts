import { mkdirSync } from 'node:fs';
import { BridgeError, brokerLockFile, InstanceLock, serviceName } from '@streamlib/host-bridge';
import type { Clock } from '../clock/clock.js';
import { BrokerError, messageOf } from '../errors/broker-error.js';
import { GrpcServer, type StreamLimits } from '../grpc/index.js';
import type { BrokerLog } from '../logs/index.js';
import { Monitor, monitorOptions, type Timers } from '../monitor/index.js';
import { mintId, type ProcessTable, Registry, systemProcesses } from '../registry/index.js';
import { Relay, type RelayLimits, removeStrays } from '../relay/index.js';
import { type Handover, Notifier, noHandover } from '../systemd/index.js';
import { Tokens } from '../tokens/index.js';
import { gitHash, version } from './build.js';
import { logChanges } from './change-log.js';

export interface BrokerOptions {
  /** `host:port`; port 0: any that is free. */
  readonly address: string;
  /** Where it listens if another program has that port; absent: nowhere. */
  readonly otherwise?: readonly string[];
  readonly relayPath: string;
  /** Empty: none. */
  readonly logFile: string;
  /** Called once the lock is held: the log of a broker that runs is not to be written by another. */
  readonly openLog: () => BrokerLog;
  /** Called once the lock is held; null: calls need no token. */
  readonly token: () => string | null;
  readonly maxConnections: number;
  readonly timeoutSecs: number;
  readonly graceSecs: number;
  readonly leaseSecs: number;
  readonly monitorIntervalSecs: number;
  /** What a service manager gave, and where it is told; neither needs to be. */
  readonly handover?: Handover;
  readonly notifier?: Notifier;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly processes?: ProcessTable;
  readonly relayLimits?: Partial<RelayLimits>;
  readonly streamLimits?: Partial<StreamLimits>;
}

/** A runtime that lives has registered again long before. */
const heirlessMs = 60_000;
const sweepMs = 5_000;

/** One running broker. Owns everything that it opens, and gives it back in `stop`. */
export class Broker {
  private stopped: Promise<void> | null = null;

  private constructor(
    readonly log: BrokerLog,
    private readonly lock: InstanceLock,
    readonly registry: Registry,
    readonly relay: Relay,
    private readonly grpc: GrpcServer,
    private readonly monitor: Monitor,
    readonly instanceId: string,
    private readonly notifier: Notifier,
    private readonly endHousekeeping: () => void,
  ) {}

  /**
   * The lock first, so that of two that start at once one is told so before it touches anything; the relay before gRPC, so
   * that whoever gets an answer there finds the relay, too.
   */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { clock, handover = noHandover, notifier = new Notifier(null) } = options;
    const lock = acquireLock(options.relayPath);
    let log: BrokerLog | null = null;
    let relay: Relay | null = null;
    try {
      log = options.openLog();
      const registry = new Registry({
        clock,
        ...(options.processes && { processes: options.processes }),
        connectionLimits: {
          maxConnections: options.maxConnections,
          timeoutSecs: options.timeoutSecs,
          graceMs: options.graceSecs * 1000,
        },
        runtimeLimits: { leaseMs: options.leaseSecs * 1000 },
      });
      const token = options.token();
      const instanceId = mintId();
      const grpc = new GrpcServer({
        registry,
        ring: log.ring,
        log: log.logger,
        identity: {
          version: version(),
          gitHash: gitHash(),
          pid: process.pid,
          serviceName: serviceName(),
          relayPath: options.relayPath,
          logFile: options.logFile,
          startedAtMs: clock.now(),
          brokerInstanceId: instanceId,
        },
        tokens: token === null ? null : new Tokens(token),
        ...(options.streamLimits && { streamLimits: options.streamLimits }),
      });
      logChanges(registry.connections, log.logger);
      relay = new Relay(options.relayPath, registry, log.logger, options.relayLimits, {
        fd: handover.relayFd,
        endpoints: handover.endpoints,
        keeper: notifier,
      });
      await listen(grpc, options, handover.grpcFd, log.logger);
      const monitor = new Monitor(
        registry,
        clock,
        options.timers,
        log.logger,
        monitorOptions(options.monitorIntervalSecs * 1000, options.leaseSecs * 1000),
      );
      monitor.start();
      const served = relay;
      const endForgetting = options.timers.every(heirlessMs, () => {
        const dropped = served.dropLeft();
        if (dropped > 0)
          log?.logger.info(
            { dropped },
            'endpoints of an earlier broker dropped: no runtime came back for them',
          );
        endForgetting();
      });
      const processes = options.processes ?? systemProcesses;
      const sweep = () => removeStrays(options.relayPath, (pid) => processes.identify(pid) !== null);
      sweep();
      const endSweeping = options.timers.every(sweepMs, sweep);
      const broker = new Broker(log, lock, registry, relay, grpc, monitor, instanceId, notifier, () => {
        endForgetting();
        endSweeping();
      });
      log.logger.info(
        { pid: process.pid, version: version(), address: grpc.address, relay: options.relayPath },
        'broker started',
      );
      notifier.ready(`Serving ${grpc.address}`, options.timers);
      return broker;
    } catch (error) {
      relay?.close();
      log?.logger.error({ err: error }, `the broker did not start: ${messageOf(error)}`);
      log?.close();
      lock.release();
      throw error;
    }
  }

  get address(): string {
    return this.grpc.address;
  }

  /** Ready connections don't notice. Called again, it waits for the same end. */
  stop(why: string): Promise<void> {
    this.stopped ??= this.end(why);
    return this.stopped;
  }

  private async end(why: string): Promise<void> {
    const { logger } = this.log;
    logger.info({ why }, 'broker stopping');
    this.notifier.stopping();
    this.endHousekeeping();
    this.monitor.stop();
    await this.grpc.stop();
    this.relay.close();
    logger.info('broker stopped');
    this.log.close();
    // Last: who gets the lock may take the names and the log over, and they are free by now.
    this.lock.release();
  }
}

function acquireLock(relayPath: string): InstanceLock {
  try {
    return InstanceLock.acquire(brokerLockFile(relayPath));
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'locked')
      throw new BrokerError('io', `The broker can't take its lock: ${messageOf(error)}`, { cause: error });
    const holder = error.holderPid === undefined ? 'another process' : `process ${error.holderPid}`;
    throw new BrokerError(
      'locked',
      `A broker for ${serviceName()} is already running: ${holder}. Use that one ("streamlib broker status"), or stop it first ("streamlib broker stop")`,
      { cause: error },
    );
  }
}

export function prepareStateDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new BrokerError(
      'io',
      `The state directory ${path} can't be made: ${messageOf(error)}; set STREAMLIB_HOME to one that can`,
      { cause: error },
    );
  }
}

/** At the first address that is free; one that a service manager opened is. */
async function listen(
  grpc: GrpcServer,
  { address, otherwise = [] }: Pick<BrokerOptions, 'address' | 'otherwise'>,
  fd: number | null,
  logger: BrokerLog['logger'],
): Promise<void> {
  const [next, ...rest] = otherwise;
  try {
    await grpc.listen(address, fd);
  } catch (error) {
    if (next === undefined) throw error;
    logger.warn({ address }, 'another program has this port; the broker takes another one');
    await listen(grpc, { address: next, otherwise: rest }, fd, logger);
  }
}
