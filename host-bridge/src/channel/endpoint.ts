import { BridgeError } from '../errors/bridge-error.js';
import { addon } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';

/**
 * A kernel-held reference to a listener: whoever holds it can connect, nobody else can name it. It can be sent to another
 * process with `Connection.sendControl`, never turned into bytes. Owns one descriptor.
 */
export class Endpoint {
  private id: NativeId;

  /** @internal Made by `Listener.endpoint()` and by received control messages. */
  constructor(id: NativeId) {
    this.id = id;
  }

  /** True after `close()`. */
  get closed(): boolean {
    return this.id === 0;
  }

  /** @internal */
  nativeId(): NativeId {
    if (this.id === 0)
      throw new BridgeError('closed', 'The Endpoint was closed; ask its listener for another one');
    return this.id;
  }

  /** Gives the descriptor back. Closing twice is harmless. */
  close(): void {
    const id = this.id;
    if (id === 0) return;
    this.id = 0;
    addon().endpointClose(id);
  }
}
