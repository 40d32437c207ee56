import { Endpoint } from '../channel/endpoint.js';
import { addon } from '../native/addon.js';

/** A descriptor that this process was started with, and that is an endpoint. Taken over. */
export function adoptEndpoint(fd: number): Endpoint {
  return new Endpoint(addon().endpointAdopt(fd));
}

/** Whether a descriptor is what a relay listens with: a listening `SOCK_SEQPACKET` socket. */
export function isMessageListener(fd: number): boolean {
  return addon().isMessageListener(fd);
}

/** One message to the service manager whose socket is at `address` (`NOTIFY_SOCKET`); it keeps the endpoint, if one is given. */
export function serviceNotify(address: string, state: string, endpoint: Endpoint | null = null): void {
  addon().serviceNotify(address, state, endpoint === null ? null : endpoint.nativeId());
}
