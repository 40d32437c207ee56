import type { RuntimeInfo } from './session.js';

/** A connection as a runtime tells it to a broker that has come back and knows nothing of it. */
export interface LiveConnection {
  readonly connectionId: string;
  readonly processorId: string;
  readonly schemas: string;
  /** Whether the handshake was over when the broker went. */
  readonly ready: boolean;
}

/** The calls that a runtime makes, apart from how they travel. */
export interface BrokerRpc {
  readonly address: string;
  /** Whether a broker answers now. Never rejects. */
  answers(signal: AbortSignal): Promise<boolean>;
  /** The lease's length in seconds. */
  registerRuntime(
    info: RuntimeInfo,
    connections: readonly LiveConnection[],
    signal: AbortSignal,
  ): Promise<number>;
  unregisterRuntime(runtimeId: string): Promise<void>;
  /** False: the broker does not know this runtime (any more). */
  heartbeat(runtimeId: string, signal: AbortSignal): Promise<boolean>;
  allocateConnection(
    runtimeId: string,
    processorId: string,
    schemas: string,
    signal: AbortSignal,
  ): Promise<string>;
  hostAlive(connectionId: string, signal: AbortSignal): Promise<void>;
  hostXpcReady(connectionId: string, signal: AbortSignal): Promise<void>;
  markAcked(connectionId: string, signal: AbortSignal): Promise<void>;
  clientStatus(connectionId: string, signal: AbortSignal): Promise<string>;
  closeConnection(connectionId: string, reason: string): Promise<void>;
  /** Calls back each time the channel to the broker goes down or comes up. */
  onChannelChange(changed: (up: boolean) => void): void;
  close(): void;
}
