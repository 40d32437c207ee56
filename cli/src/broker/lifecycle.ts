import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { brokerLockHolder, foreignListener, isRunning, stateDir } from '@streamlib/host-bridge';
import type { GetStatusResponse } from '@streamlib/proto';
import { type BrokerClient, notRunning, readToken, withBroker } from '../broker-client.js';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { indented, oneLine } from '../output/printable.js';
import { type ServiceManager, serviceManager } from './service-manager.js';

interface LifecycleOptions {
  readonly json?: boolean;
}

const STOP_LIMIT_MS = 10_000;
/** For one that does not answer to end by itself, before it is killed. */
const HUNG_LIMIT_MS = 3_000;
const READY_LIMIT_MS = 15_000;
const POLL_MS = 25;

/** Starting one that runs is no error, as with any service: afterwards it runs. */
export function brokerStart(io: Io, options: LifecycleOptions): Promise<ExitCode> {
  return withBroker(async (client) => {
    const running = await statusOf(client);
    if (running !== null) return report(io, options, 'already running', running);
    const manager = await serviceManager();
    await start(io, manager);
    // It may have taken another port.
    return report(io, options, 'started', await withBroker((found) => mustBeRunning(found)));
  });
}

export function brokerStop(io: Io, options: LifecycleOptions): Promise<ExitCode> {
  return withBroker(async (client) => {
    const running = await findBroker(client);
    if (running === null) throw notRunning(client.address);
    const manager = await serviceManager();
    if (manager === null) terminate(running, client.address);
    else await manager.stop();
    await untilGone(running);
    return report(io, options, 'stopped', running);
  });
}

/** Ready connections keep flowing meanwhile; runtimes register again by themselves. One that does not run is started. */
export function brokerRestart(io: Io, options: LifecycleOptions): Promise<ExitCode> {
  return withBroker(async (client) => {
    // The next one could not be asked either, nor start: the one that runs is left alone.
    readToken(client.address);
    const running = await findBroker(client);
    const manager = await serviceManager();
    if (manager !== null) {
      await manager.restart();
      return report(io, options, 'restarted', await mustBeRunning(client, running?.brokerInstanceId));
    }
    if (running !== null) await end(running, client.address);
    await start(io, null);
    return report(
      io,
      options,
      'restarted',
      await withBroker((found) => mustBeRunning(found, running?.brokerInstanceId)),
    );
  });
}

/** Ends a broker that no service manager looks after, if one runs. Returns whether one did. */
export async function stopDetached(client: BrokerClient): Promise<boolean> {
  const running = await findBroker(client);
  if (running !== null) await end(running, client.address);
  return running !== null;
}

/** Starts one that no service manager looks after. */
export function startDetached(io: Io): Promise<void> {
  return start(io, null);
}

async function end(running: Found, address: string): Promise<void> {
  terminate(running, address);
  await untilGone(running);
}

async function start(io: Io, manager: ServiceManager | null): Promise<void> {
  if (manager !== null) return manager.start();
  // The runtime starts a broker where none runs; this is the same way.
  const runtime = await import('@streamlib/runtime');
  const abort = new AbortController();
  const broker = new runtime.BrokerClient();
  try {
    await broker.ensure((message) => io.err(indented(message)), abort.signal);
  } finally {
    broker.close();
  }
}

async function statusOf(client: BrokerClient): Promise<GetStatusResponse | null> {
  try {
    return await client.call((c) => c.getStatus, {});
  } catch (error) {
    if (error instanceof CliError && error.code === 'broker_not_running') return null;
    throw error;
  }
}

/** What is told of a broker; of one that does not answer no more than its process is known. */
interface Found extends Pick<GetStatusResponse, 'pid' | 'grpcAddress' | 'logFile'> {
  readonly version: string | null;
  readonly brokerInstanceId?: string;
  /** It may be past listening to a signal, too. */
  readonly hangs?: boolean;
}

/** The broker that runs, also one that hangs or refuses this command's token: its lock tells its process. */
async function findBroker(client: BrokerClient): Promise<Found | null> {
  try {
    return await client.call((c) => c.getStatus, {});
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const ours = isLocal(client.address) && foreignListener(client.address) === null;
    const pid = ours ? brokerLockHolder() : null;
    if (pid !== null)
      return {
        pid,
        version: null,
        grpcAddress: client.address,
        logFile: join(stateDir(), 'broker.log'),
        hangs: error.code === 'broker_stuck' || error.code === 'broker_not_running',
      };
    if (error.code === 'broker_not_running') return null;
    throw error;
  }
}

async function mustBeRunning(client: BrokerClient, notThis?: string): Promise<GetStatusResponse> {
  for (let waited = 0; waited < READY_LIMIT_MS; waited += POLL_MS) {
    const status = await statusOf(client);
    if (status !== null && status.brokerInstanceId !== notThis) return status;
    await pause(POLL_MS);
  }
  throw new CliError(
    'broker_stuck',
    `the broker was started, but does not answer at ${client.address}; see \`streamlib broker logs\``,
  );
}

function terminate({ pid, hangs }: Found, address: string): void {
  if (!isLocal(address)) {
    throw new CliError(
      'broker_refused',
      `the broker at ${address} runs on another machine; stop it there (process ${pid})`,
    );
  }
  signal(pid, 'SIGTERM');
  // One that was stopped takes no signal but this one, and then ends in order.
  if (hangs) signal(pid, 'SIGCONT');
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ESRCH') return;
    throw new CliError(
      'broker_refused',
      `the broker (process ${pid}) belongs to another user; ask them to stop it`,
      {
        cause,
      },
    );
  }
}

async function untilGone({ pid, hangs }: Found): Promise<void> {
  const began = performance.now();
  let left = hangs === true;
  for (let waited = 0; waited < STOP_LIMIT_MS; waited = performance.now() - began) {
    if (!isRunning(pid)) return;
    // Its number is asked for anew: it may have ended in this moment, and be another's.
    if (left && waited >= HUNG_LIMIT_MS && brokerLockHolder() === pid) {
      signal(pid, 'SIGKILL');
      left = false;
    }
    await pause(POLL_MS);
  }
  throw new CliError(
    'broker_stuck',
    `the broker (process ${pid}) did not stop within ${STOP_LIMIT_MS / 1000} s; \`kill -9 ${pid}\` ends it`,
  );
}

export function isLocal(address: string): boolean {
  const host = address.replace(/:\d+$/, '');
  return (
    host === 'localhost' ||
    host === '[::1]' ||
    host === '::1' ||
    host.startsWith('127.') ||
    host.startsWith('unix')
  );
}

function report(io: Io, options: LifecycleOptions, what: string, status: Found): ExitCode {
  if (options.json) {
    printJson(io, {
      status: what.replace(' ', '_'),
      pid: status.pid,
      version: status.version,
      grpc_address: status.grpcAddress,
      log_file: status.logFile,
    });
  } else {
    const where = what === 'stopped' ? '' : `, ${status.grpcAddress}, log ${status.logFile}`;
    io.out(oneLine(`Broker: ${what} (process ${status.pid}${where})`));
  }
  return EXIT.ok;
}
