import type { HandshakeBroker } from '../python-host/types.js';

export interface RuntimeInfo {
  readonly id: string;
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  readonly version: string;
}

/** A runtime's standing with the broker: registered, its lease kept alive, registered anew when a broker comes back. */
export interface BrokerSession extends HandshakeBroker {
  /** Unregisters and closes every channel. Never rejects. */
  end(): Promise<void>;
}
