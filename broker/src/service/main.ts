import { closeSync, fstatSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  BridgeError,
  brokerAddress,
  brokerTokenFile,
  isBrokerAddressGiven,
  noteBrokerAddress,
  relayPath,
  stateDir,
  toldBrokerToken,
  usualBrokerAddress,
} from '@streamlib/host-bridge';
import { guardOutput } from '@streamlib/host-bridge/standard-output';
import { systemClock } from '../clock/clock.js';
import { BrokerError, messageOf } from '../errors/broker-error.js';
import type { Timers } from '../monitor/index.js';
import { readOrMakeToken } from '../tokens/token-file.js';
import type { Broker } from './broker.js';
import { gitHash, version } from './build.js';
import { forPeople } from './for-people.js';
import { checkAddress, helpText, type ProgramOptions, parseOptions } from './options.js';

export const exitCodes = { stopped: 0, failed: 1, usage: 2, locked: 4 } as const;

/** The program. Returns when the broker runs; the process then ends by a signal. */
export async function main(args: readonly string[]): Promise<void> {
  guardOutput();
  try {
    const command = parseOptions(args);
    if (command === 'help') process.stdout.write(helpText);
    else if (command === 'version') process.stdout.write(`${versionText()}\n`);
    else await serve(command);
  } catch (error) {
    process.stderr.write(`streamlib-broker: ${messageOf(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}

/** Of this machine; the system says which. */
const ANY_PORT = '127.0.0.1:0';

function toldToken(): string | null {
  try {
    return toldBrokerToken();
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'bad_token') throw error;
    throw new BrokerError('invalid', error.message, { cause: error });
  }
}

function versionText(): string {
  const hash = gitHash();
  return hash === '' ? version() : `${version()} (${hash})`;
}

async function serve(options: ProgramOptions): Promise<void> {
  const token = toldToken();
  const given = options.address ?? (isBrokerAddressGiven() ? brokerAddress() : null);
  const address = given ?? brokerAddress();
  checkAddress(address, token);
  checkReadyFd(options.readyFd);
  // Only now: --help and wrong options need none of it.
  const [{ Broker, prepareStateDir }, { openLog }, { systemTimers }] = await Promise.all([
    import('./broker.js'),
    import('../logs/index.js'),
    import('../monitor/index.js'),
  ]);
  const { takeHandover, notifierOf } = await import('../systemd/index.js');
  const toStderr = (error: unknown) => process.stderr.write(`streamlib-broker: ${messageOf(error)}\n`);
  const handover = takeHandover(process.env, toStderr);
  const home = stateDir();
  prepareStateDir(home);
  const logFile = join(home, 'broker.log');
  const broker = await Broker.start({
    address,
    ...(given === null && {
      otherwise: [usualBrokerAddress(), ANY_PORT].filter((other) => other !== address),
    }),
    relayPath: relayPath(),
    logFile,
    openLog: () => openLog({ file: logFile, level: options.logLevel, alsoTo: terminal() }),
    token: () => token ?? readOrMakeToken(brokerTokenFile()),
    maxConnections: options.maxConnections,
    timeoutSecs: options.timeoutSecs,
    graceSecs: options.graceSecs,
    leaseSecs: options.leaseSecs,
    monitorIntervalSecs: options.monitorInterval,
    handover,
    notifier: notifierOf(process.env, toStderr),
    clock: systemClock,
    timers: systemTimers,
  });
  if (given === null) noteBrokerAddress(broker.address);
  const stop = stopOnSignals(broker);
  stopWithState(home, systemTimers, stop);
  tellReady(options.readyFd, broker);
}

function terminal(): { write(line: string): void } | undefined {
  return process.stderr.isTTY ? { write: (line) => process.stderr.write(forPeople(line)) } : undefined;
}

/** Gives the function that does what a signal would. */
function stopOnSignals(broker: Broker): (why: string) => void {
  const stop = (why: string) => {
    broker.stop(why).then(
      () => process.exit(exitCodes.stopped),
      (error: unknown) => fail(`stopping failed: ${messageOf(error)}`, error),
    );
  };
  const fail = (message: string, error: unknown) => {
    broker.log.logger.fatal({ err: error }, message);
    process.exit(exitCodes.failed);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  process.on('SIGHUP', stop);
  // What nobody foresaw: told where an operator looks, then the end. Runtimes start another one, and register again.
  process.on('uncaughtException', (error) => fail(`the broker failed: ${messageOf(error)}`, error));
  return stop;
}

const stateCheckMs = 2_000;

/**
 * A checkout, or its state directory, that is removed takes the token along: nobody could ask this broker for anything, not
 * even to stop, and it would keep one of the same name from being started.
 */
function stopWithState(home: string, timers: Timers, stop: (why: string) => void): void {
  const inode = () => statSync(home, { throwIfNoEntry: false })?.ino;
  const ours = inode();
  const end = timers.every(stateCheckMs, () => {
    if (inode() === ours) return;
    end();
    stop('its state directory is gone');
  });
}

function checkReadyFd(fd: number | null): void {
  if (fd === null) return;
  try {
    fstatSync(fd);
  } catch (error) {
    throw new BrokerError('invalid', `--ready-fd ${fd} is not an open descriptor`, { cause: error });
  }
}

function tellReady(fd: number | null, broker: Broker): void {
  if (fd === null) return;
  const told = { pid: process.pid, grpc_address: broker.address, broker_instance_id: broker.instanceId };
  try {
    writeSync(fd, `${JSON.stringify(told)}\n`);
  } catch {
    // Whoever wanted to know is gone; the broker is of use to others.
  }
  if (fd > 2) closeSync(fd);
}

function exitCodeOf(error: unknown): number {
  if (!(error instanceof BrokerError)) return exitCodes.failed;
  if (error.code === 'locked') return exitCodes.locked;
  return error.code === 'invalid' ? exitCodes.usage : exitCodes.failed;
}
