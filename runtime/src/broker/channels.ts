import { SharedWork } from '../base/shared-work.js';
import { StreamlibError } from '../base/streamlib-error.js';
import { BrokerClient } from './broker-client.js';

/** One channel to the broker, used by all runtimes of this process that are registered there. */
export interface BrokerChannel {
  readonly client: BrokerClient;
  /** Starts a broker if none answers; runtimes that ask at the same time wait for the same one. */
  ensure(onProgress: (message: string) => void, signal: AbortSignal): Promise<void>;
  /** To be called once. The channel closes with its last user. */
  release(): void;
}

/** The channels to brokers that a process has open: one for each address, which is one as a rule. */
export class BrokerChannels {
  private readonly open = new Map<string, SharedChannel>();

  /** How many there are. */
  get count(): number {
    return this.open.size;
  }

  /** A channel to the broker that the environment names. */
  use(address?: string): BrokerChannel {
    const key = address ?? '';
    const shared = this.open.get(key) ?? new SharedChannel(address, () => this.open.delete(key));
    this.open.set(key, shared);
    return shared.use();
  }
}

class SharedChannel {
  private readonly client: BrokerClient;
  private readonly starting: SharedWork<void>;
  private readonly listeners = new Set<(message: string) => void>();
  private users = 0;

  constructor(
    address: string | undefined,
    private readonly closed: () => void,
  ) {
    this.client = new BrokerClient(address);
    this.starting = new SharedWork((signal) =>
      this.client.ensure((message) => {
        for (const listener of this.listeners) listener(message);
      }, signal),
    );
  }

  use(): BrokerChannel {
    this.users++;
    let released = false;
    return {
      client: this.client,
      ensure: (onProgress, signal) => this.ensure(onProgress, signal),
      release: () => {
        if (released) return;
        released = true;
        this.users--;
        if (this.users > 0) return;
        this.closed();
        this.client.close();
      },
    };
  }

  private async ensure(onProgress: (message: string) => void, signal: AbortSignal): Promise<void> {
    // Several may pass the same function.
    const listener = (message: string) => onProgress(message);
    this.listeners.add(listener);
    try {
      await this.starting.join(signal);
    } catch (error) {
      if (!signal.aborted || error instanceof StreamlibError) throw error;
      throw new StreamlibError('stopped', 'stopped while the broker was looked for', { cause: error });
    } finally {
      this.listeners.delete(listener);
    }
  }
}
