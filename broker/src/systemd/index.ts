import { adoptEndpoint, type Endpoint, isMessageListener, serviceNotify } from '@streamlib/host-bridge';
import { endpointPrefix, takeInherited } from './inherited.js';
import { Notifier } from './notifier.js';

export { Notifier } from './notifier.js';

/** What systemd, if it started this process, gave it. */
export interface Handover {
  /** The relay's socket; null: to be opened. */
  readonly relayFd: number | null;
  /** gRPC's. */
  readonly grpcFd: number | null;
  /** By connection: what an earlier broker left. */
  readonly endpoints: ReadonlyMap<string, Endpoint>;
}

export const noHandover: Handover = { relayFd: null, grpcFd: null, endpoints: new Map() };

export function takeHandover(env: NodeJS.ProcessEnv, onError: (error: unknown) => void): Handover {
  let relayFd: number | null = null;
  let grpcFd: number | null = null;
  const endpoints = new Map<string, Endpoint>();
  for (const { fd, name } of takeInherited(env, process.pid)) {
    if (name.startsWith(endpointPrefix)) {
      try {
        const id = name.slice(endpointPrefix.length);
        // The manager keeps each of them; the last is the one that counts.
        endpoints.get(id)?.close();
        endpoints.set(id, adoptEndpoint(fd));
      } catch (error) {
        onError(error);
      }
    } else if (isMessageListener(fd)) relayFd = fd;
    else grpcFd = fd;
  }
  return { relayFd, grpcFd, endpoints };
}

export function notifierOf(env: NodeJS.ProcessEnv, onError: (error: unknown) => void): Notifier {
  const { NOTIFY_SOCKET: address, WATCHDOG_USEC: watchdog, WATCHDOG_PID: watched } = env;
  delete env.NOTIFY_SOCKET;
  if (!address) return new Notifier(null);
  const mine = watched === undefined || watched === String(process.pid);
  const watchdogMs = mine ? Number(watchdog ?? 0) / 1000 : 0;
  return new Notifier(
    (state, endpoint) => serviceNotify(address, state, endpoint),
    Number.isFinite(watchdogMs) ? watchdogMs : 0,
    onError,
  );
}
