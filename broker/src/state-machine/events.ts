import type { Side } from './states.js';

/** All that can happen to a connection. `pid` is null where it was not told. */
export type ConnectionEvent =
  | { readonly type: 'host_alive'; readonly pid: number | null }
  /** The relay took an endpoint from the process that the kernel says is `peerPid`. */
  | { readonly type: 'endpoint_stored'; readonly peerPid: number | null }
  /** The host says that its endpoint is stored. */
  | { readonly type: 'host_xpc_ready' }
  | { readonly type: 'client_alive'; readonly pid: number | null }
  /** The client asked the relay for the endpoint; it gets it if there is one. */
  | { readonly type: 'endpoint_polled'; readonly peerPid: number | null }
  /** The host says that the client is connected to it. */
  | { readonly type: 'channel_up'; readonly clientPid: number | null }
  /** Ping and pong crossed, says this side. */
  | { readonly type: 'acked'; readonly side: Side }
  /** Any other signal of life. */
  | { readonly type: 'seen'; readonly side: Side }
  | { readonly type: 'side_failed'; readonly side: Side; readonly reason: string }
  | { readonly type: 'closed'; readonly reason: string }
  /** Asks whether the handshake's time is over. */
  | { readonly type: 'deadline' };

export type EventType = ConnectionEvent['type'];

export type RefusalCode =
  /** The connection failed or was closed. */
  | 'final'
  /** A step before this one is missing. */
  | 'out_of_order'
  /** The host claims an endpoint that is not there. */
  | 'no_endpoint'
  /** Another process has this connection. */
  | 'claimed';

export interface Refusal {
  readonly code: RefusalCode;
  /** What is wrong, and what to do next. */
  readonly message: string;
}
