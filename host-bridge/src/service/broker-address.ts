import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addon } from '../native/addon.js';
import { stateDir } from './names.js';

/** Where a broker listens that was not told where: on this machine, at this port. */
const USUAL_PORT = 50_051;
const LOCAL = /^127\.0\.0\.1:\d{1,5}$/;

/** Whether the environment says where the broker is. What is said is meant: no other place is looked for then. */
export function isBrokerAddressGiven(): boolean {
  return Boolean(process.env.STREAMLIB_BROKER_ENDPOINT || process.env.STREAMLIB_BROKER_PORT);
}

/** Where this installation's broker listens if it can: a checkout's command derives a port from its path. */
export function usualBrokerAddress(): string {
  const port = Number(process.env.STREAMLIB_BROKER_USUAL_PORT);
  const isPort = Number.isInteger(port) && port > 0 && port <= 65_535;
  return `127.0.0.1:${isPort ? port : USUAL_PORT}`;
}

/**
 * The broker's gRPC address, `host:port`: what the environment says; else what the broker of this state directory noted, as its
 * usual port was another program's; else its usual port.
 */
export function brokerAddress(): string {
  if (isBrokerAddressGiven()) return addon().brokerAddress();
  return notedAddress() ?? usualBrokerAddress();
}

/**
 * Called by a broker that was not told where to listen: from here on it is found there by all who have its state directory.
 *
 * @param address - Where it listens.
 */
export function noteBrokerAddress(address: string): void {
  const path = noteFile();
  if (address === usualBrokerAddress() || !LOCAL.test(address)) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}`;
  writeFileSync(fresh, `${address}\n`, { mode: 0o600 });
  renameSync(fresh, path);
}

function noteFile(): string {
  return join(stateDir(), 'broker.address');
}

function notedAddress(): string | null {
  try {
    const text = readFileSync(noteFile(), 'utf8').trim();
    return LOCAL.test(text) ? text : null;
  } catch {
    return null;
  }
}
