import { Endpoint } from '../channel/endpoint.js';
import { addon } from '../native/addon.js';

/**
 * A descriptor that this process was started with, and that is an endpoint.
 *
 * @param fd - The descriptor; taken over.
 * @throws {@link BridgeError} `not_endpoint` if it is something else.
 */
export function adoptEndpoint(fd: number): Endpoint {
  return new Endpoint(addon().endpointAdopt(fd));
}

/**
 * Whether a descriptor is what a relay listens with: a listening `SOCK_SEQPACKET` socket.
 *
 * @param fd - The descriptor; left as it is.
 */
export function isMessageListener(fd: number): boolean {
  return addon().isMessageListener(fd);
}

/**
 * Sends one message to the service manager.
 *
 * @param address - Where its socket is (`NOTIFY_SOCKET`).
 * @param state - The message, as `sd_notify` takes it.
 * @param endpoint - Kept by the service manager; none by default.
 * @throws {@link BridgeError} `io` for what the system reports.
 */
export function serviceNotify(address: string, state: string, endpoint: Endpoint | null = null): void {
  addon().serviceNotify(address, state, endpoint === null ? null : endpoint.nativeId());
}
