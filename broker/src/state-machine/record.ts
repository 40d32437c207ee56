import type { ClientState, HostState } from './states.js';

/** Milliseconds of a clock that never goes back. The state machine has none of its own: `now` is passed in. */
export type Millis = number;

export interface HostRecord {
  readonly state: HostState;
  readonly aliveAt: Millis | null;
  readonly endpointStoredAt: Millis | null;
  readonly ackedAt: Millis | null;
  readonly failedAt: Millis | null;
  readonly lastSeenAt: Millis | null;
  /** As it was told over gRPC. */
  readonly toldPid: number | null;
  /** As the kernel says, from the relay. */
  readonly peerPid: number | null;
}

export interface ClientRecord {
  readonly state: ClientState;
  readonly aliveAt: Millis | null;
  readonly firstPollAt: Millis | null;
  readonly pollCount: number;
  readonly deliveredAt: Millis | null;
  readonly ackedAt: Millis | null;
  readonly failedAt: Millis | null;
  readonly lastSeenAt: Millis | null;
  readonly toldPid: number | null;
  readonly peerPid: number | null;
}

/** What the broker knows about one host and one client: the single source of truth about them. */
export interface ConnectionRecord {
  readonly id: string;
  readonly runtimeId: string;
  readonly processorId: string;
  readonly processorName: string;
  readonly kind: string;
  readonly schemasJson: string;
  readonly timeoutSecs: number;
  readonly createdAt: Millis;
  /** From when the handshake's time counts: creation, or adoption by a broker that came back. */
  readonly handshakeFrom: Millis;
  readonly host: HostRecord;
  readonly client: ClientRecord;
  /** The broker holds an endpoint for this connection now. */
  readonly endpointStored: boolean;
  readonly channelUpAt: Millis | null;
  readonly readyAt: Millis | null;
  readonly failureReason: string | null;
  readonly closedAt: Millis | null;
  readonly closeReason: string | null;
  /** Since when the derived state is what it is. */
  readonly stateSince: Millis;
}

export interface NewConnection {
  readonly id: string;
  readonly runtimeId: string;
  readonly processorId: string;
  readonly processorName: string;
  readonly kind: string;
  readonly schemasJson: string;
  readonly timeoutSecs: number;
  readonly hostPid: number | null;
}

export function createRecord(connection: NewConnection, now: Millis): ConnectionRecord {
  const { hostPid, ...identity } = connection;
  return {
    ...identity,
    createdAt: now,
    handshakeFrom: now,
    host: {
      state: 'pending',
      aliveAt: null,
      endpointStoredAt: null,
      ackedAt: null,
      failedAt: null,
      lastSeenAt: null,
      toldPid: hostPid,
      peerPid: null,
    },
    client: {
      state: 'pending',
      aliveAt: null,
      firstPollAt: null,
      pollCount: 0,
      deliveredAt: null,
      ackedAt: null,
      failedAt: null,
      lastSeenAt: null,
      toldPid: null,
      peerPid: null,
    },
    endpointStored: false,
    channelUpAt: null,
    readyAt: null,
    failureReason: null,
    closedAt: null,
    closeReason: null,
    stateSince: now,
  };
}

/** Failed or closed: nothing changes any more. */
export function isFinal(record: ConnectionRecord): boolean {
  return record.closedAt !== null || record.host.state === 'failed' || record.client.state === 'failed';
}

/** When it became final; null while it is not. */
export function finalSince(record: ConnectionRecord): Millis | null {
  return record.host.failedAt ?? record.client.failedAt ?? record.closedAt;
}

export function hostPid(record: ConnectionRecord): number | null {
  return record.host.peerPid ?? record.host.toldPid;
}

export function clientPid(record: ConnectionRecord): number | null {
  return record.client.peerPid ?? record.client.toldPid;
}
