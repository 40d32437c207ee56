import type { Endpoint } from '@streamlib/host-bridge';
import type { PythonKind } from '../processor/kind.js';

export interface RuntimeInfo {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Where the runtime's control API listens; empty where it has none. */
  readonly apiAddress: string;
  readonly version: string;
}

export interface AllocateRequest {
  readonly processorId: string;
  readonly kind: PythonKind;
  /** The ports' schemas as JSON, for the client to ask for. */
  readonly schemas: string;
}

export interface CloseReason {
  readonly reason: 'shutdown' | 'restart' | 'finished' | 'error';
  /** With `error`: what happened, and which side it happened to. */
  readonly detail?: string;
  readonly side?: 'host' | 'client';
}

/** What `streamlib broker processors` shows of a Python processor. */
export interface ProcessorStatus {
  readonly processorId: string;
  readonly kind: PythonKind;
  readonly state: string;
  readonly pid: number | null;
  readonly restarts: number;
  readonly connectionId: string | null;
  readonly lastError: string | null;
}

/**
 * What a Python host needs of the broker. Every step of the handshake waits until a broker has answered it, one way or the
 * other; `signal` ends the wait.
 */
export interface HandshakeBroker {
  /** The broker's gRPC address, for the subprocess. */
  readonly address: string;
  /** `onLost`: a broker that came back will not take the connection over, so it can't become ready any more. */
  allocate(request: AllocateRequest, onLost: (reason: string) => void, signal: AbortSignal): Promise<string>;
  /** What the client of an allocated connection calls the broker with; empty where none is asked for. A secret. */
  clientToken(connectionId: string): string;
  hostAlive(connectionId: string, signal: AbortSignal): Promise<void>;
  /** Stores an endpoint with the relay and has the broker confirm it. Asks for another one if it must be stored anew. */
  publishEndpoint(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void>;
  /** Never rejects: only for people who look. */
  channelUp(connectionId: string, clientPid: number): void;
  markAcked(connectionId: string, signal: AbortSignal): Promise<void>;
  /** The client said that it has marked itself acked. */
  clientAcked(connectionId: string): void;
  /** What is known of the client, for a message about one that never came. Never rejects. */
  clientState(connectionId: string): Promise<string>;
  /** Never rejects: a broker that is away finds out by itself. */
  close(connectionId: string, why: CloseReason): Promise<void>;
  /** Never rejects: only for people who look. */
  report(status: ProcessorStatus): void;
}

/** A runtime's registration with the broker: its lease is kept alive, and it is made anew when a broker comes back. */
export interface BrokerSession extends HandshakeBroker {
  /** Unregisters, and gives back the channel. Never rejects. */
  end(): Promise<void>;
}
