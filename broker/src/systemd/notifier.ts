import type { Endpoint } from '@streamlib/host-bridge';
import type { Timers } from '../monitor/index.js';
import { endpointPrefix } from './inherited.js';

/** How a message gets to the service manager. */
export type Send = (state: string, endpoint: Endpoint | null) => void;

/** What the broker tells the service manager that started it. Every method may be called where there is none. */
export class Notifier {
  private stopBeating: () => void = () => undefined;

  /** `send` null: nobody wants to know. `watchdogMs` 0: nobody watches. */
  constructor(
    private readonly send: Send | null,
    private readonly watchdogMs = 0,
    private readonly onError: (error: unknown) => void = () => undefined,
  ) {}

  /** Says that the broker can be used, and from now on that it still turns: by a timer of the very loop that serves calls. */
  ready(status: string, timers: Timers): void {
    this.tell(`READY=1\nSTATUS=${status}`);
    if (this.watchdogMs > 0 && this.send !== null)
      this.stopBeating = timers.every(this.watchdogMs / 3, () => this.tell('WATCHDOG=1'));
  }

  stopping(): void {
    this.stopBeating();
    this.tell('STOPPING=1\nSTATUS=Stopping');
  }

  /** Leaves an endpoint with the manager, which hands it to the next broker if this one ends. */
  keep(connectionId: string, endpoint: Endpoint): void {
    const name = nameOf(connectionId);
    if (name === null) return;
    this.forget(connectionId);
    // Not watched for hang-ups: this kind of descriptor can't be.
    this.tell(`FDSTORE=1\nFDNAME=${name}\nFDPOLL=0`, endpoint);
  }

  forget(connectionId: string): void {
    const name = nameOf(connectionId);
    if (name !== null) this.tell(`FDSTOREREMOVE=1\nFDNAME=${name}`);
  }

  private tell(state: string, endpoint: Endpoint | null = null): void {
    try {
      this.send?.(state, endpoint);
    } catch (error) {
      // The manager restarts at times, and nothing here depends on it.
      this.onError(error);
    }
  }
}

/** Null: an id that the manager would not take as a name. Those that this broker makes are letters and digits. */
function nameOf(connectionId: string): string | null {
  return /^[A-Za-z0-9._-]{1,200}$/.test(connectionId) ? `${endpointPrefix}${connectionId}` : null;
}
