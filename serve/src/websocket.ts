import { WebSocket, WebSocketServer } from 'ws';
import { HttpError } from './errors.js';
import type { Upgrade } from './exchange.js';

export { WebSocket };

export interface WebSocketOptions {
  /** A longer message ends its connection with code 1009. */
  readonly maxMessageBytes: number;
  /** Whether one more may connect; otherwise 503. Default: always. */
  readonly hasRoom?: () => boolean;
  /** Who gets each connection. */
  readonly connected: (socket: WebSocket, upgrade: Upgrade) => void;
}

/** The WebSocket connections of one resource: give its `upgrade` and `close` to the mount. An entry of its own, for it loads `ws`. */
export class WebSockets {
  private readonly server: WebSocketServer;

  constructor(private readonly options: WebSocketOptions) {
    this.server = new WebSocketServer({
      noServer: true,
      maxPayload: options.maxMessageBytes,
      // Media does not get smaller, and each connection would keep a window of its own.
      perMessageDeflate: false,
    });
  }

  /** Takes the request; throws an `HttpError` if there is no room. */
  readonly upgrade = (upgrade: Upgrade): void => {
    if (this.options.hasRoom?.() === false)
      throw new HttpError(503, 'busy', 'as many are connected as may be', 'Try again later.');
    const { request, socket, head } = upgrade;
    this.server.handleUpgrade(request, socket, head, (opened) => {
      // `close` follows. Without a listener, a peer that breaks the protocol would end the process.
      opened.on('error', () => {});
      this.options.connected(opened, upgrade);
    });
  };

  /** Ends each connection with code 1001. */
  readonly close = (): void => {
    for (const client of this.server.clients) client.close(1001, 'the server is closing');
    this.server.close();
  };
}
