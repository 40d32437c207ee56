import { BridgeError } from '../errors/bridge-error.js';
import { addon } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';
import { Connection } from './connection.js';
import { Endpoint } from './endpoint.js';
import { surface } from './surface.js';

/** How long a listener waits after the system refused it a connection: descriptors do not come back faster. */
const PAUSE_MS = 100;

/** Accepts connections, either through endpoints (`anonymous`) or at a path (`named`). */
export class Listener {
  private handler: ((connection: Connection) => void) | undefined;
  private pause: NodeJS.Timeout | null = null;
  private unrefed = false;
  /** Told once, until one was accepted again. */
  private refused = false;

  private constructor(private id: NativeId) {}

  /** A listener without a name: only who is given an `endpoint()` of it can connect. */
  static anonymous(): Listener {
    return new Listener(addon().listenerAnonymous());
  }

  /**
   * A listener at a path, for processes of the same user. The directory is made 0700, the socket 0600; `close()` unlinks it.
   *
   * @param path - The path of the socket.
   * @throws {@link BridgeError} `io` for what the system reports, such as a path that is in use.
   */
  static named(path: string): Listener {
    return new Listener(addon().listenerNamed(path));
  }

  /**
   * One that the service manager opened and handed over as a descriptor. Its path is not removed at the end.
   *
   * @param fd - A listening socket; taken over.
   * @throws {@link BridgeError} `io` if it is not one.
   */
  static adopted(fd: number): Listener {
    return new Listener(addon().listenerAdopt(fd));
  }

  /**
   * A further reference to this listener; the caller owns it. For anonymous listeners only.
   *
   * @throws {@link BridgeError} `closed`.
   */
  endpoint(): Endpoint {
    return new Endpoint(addon().listenerEndpoint(this.open()));
  }

  /** Called with each new connection, which belongs to the handler. Accepting begins when this is first set. */
  get onConnection(): (connection: Connection) => void {
    return this.handler ?? (() => undefined);
  }

  /** Accepting begins when this is first set; until then peers wait in the kernel's queue. */
  set onConnection(handler: (connection: Connection) => void) {
    const first = this.handler === undefined;
    this.handler = handler;
    if (!first || this.id === 0) return;
    const accept = (accepted: NativeId) => {
      this.refused = false;
      const connection = new Connection(accepted);
      try {
        this.handler?.(connection);
      } catch (error) {
        surface(error);
      }
    };
    addon().listenerStart(this.id, accept, (why) => this.tryLater(why));
  }

  /** Who wants to connect waits in the kernel's queue meanwhile. */
  private tryLater(why: string): void {
    if (!this.refused) process.emitWarning(`Connections have to wait: ${why}`);
    this.refused = true;
    this.pause = setTimeout(() => {
      if (this.id !== 0) addon().listenerResume(this.id);
    }, PAUSE_MS);
    if (this.unrefed) this.pause.unref();
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.id === 0;
  }

  /** A listener that accepts keeps the process alive; `unref()` lets it end. */
  ref(): void {
    this.unrefed = false;
    if (this.id !== 0) addon().listenerKeepAlive(this.id, true);
  }

  /** Lets the process end although this listener accepts. */
  unref(): void {
    this.unrefed = true;
    if (this.id !== 0) addon().listenerKeepAlive(this.id, false);
  }

  /** Stops listening; connections that were accepted stay open. Closing twice is harmless. */
  close(): void {
    const id = this.id;
    if (id === 0) return;
    this.id = 0;
    if (this.pause !== null) clearTimeout(this.pause);
    addon().listenerClose(id);
  }

  private open(): NativeId {
    if (this.id === 0) throw new BridgeError('closed', 'The Listener was closed');
    return this.id;
  }
}
