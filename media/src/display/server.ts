import {
  HttpError,
  ListenError,
  PAGE_HEADERS,
  type StaticFiles,
  textErrors,
  WebServer,
} from '@streamlib/serve';
import { type WebSocket, WebSockets } from '@streamlib/serve/websocket';
import { MediaError, toError } from '../errors/media-error.js';
import { type EncodedFrame, MAX_MESSAGE_BYTES } from './wire.js';

export interface ServerContent {
  readonly page: StaticFiles;
  snapshot(): Promise<EncodedFrame | null>;
  stats(): object;
  /** Whether one more may watch. */
  hasRoom(): boolean;
  watch(socket: WebSocket): void;
}

/** Besides those of viewers: for the page's files, stills and figures. */
const SPARE_CONNECTIONS = 64;

/** Serves the page, its pictures and its figures. */
export class DisplayServer {
  /** Where the page is, with a slash at its end. */
  readonly url: string;

  private constructor(private readonly web: WebServer) {
    this.url = `${web.url}/`;
  }

  /** Rejects with a `MediaError` (`port_in_use` or `io`). */
  static async listen(
    host: string,
    port: number,
    maxViewers: number,
    content: ServerContent,
  ): Promise<DisplayServer> {
    const web = await WebServer.open(
      { host, port },
      { maxConnections: maxViewers + SPARE_CONNECTIONS },
    ).catch((cause: unknown) => {
      throw cannotListen(host, port, cause);
    });
    const frames = new WebSockets({
      maxMessageBytes: MAX_MESSAGE_BYTES,
      hasRoom: () => content.hasRoom(),
      connected: (socket) => content.watch(socket),
    });
    web.mount({
      path: '/',
      guard: { host: 'addresses', origin: 'own' },
      methods: ['GET', 'HEAD'],
      headers: PAGE_HEADERS,
      format: textErrors,
      handle: async (exchange) => {
        if (exchange.path === '/stats.json') exchange.sendJson(200, content.stats());
        else if (exchange.path === '/frame.jpg') {
          const frame = await content.snapshot();
          if (frame === null)
            throw new HttpError(503, 'busy', 'no frame has arrived yet', 'Try again in a moment.');
          exchange.send(200, 'image/jpeg', frame.jpeg, { 'X-Frame-Number': String(frame.number) });
        } else if (!content.page.answer(exchange)) throw nothingThere(exchange.path);
      },
      upgrade: (upgrade) => {
        if (upgrade.path !== '/frames') throw nothingThere(upgrade.path);
        frames.upgrade(upgrade);
      },
      close: frames.close,
    });
    return new DisplayServer(web);
  }

  close(): Promise<void> {
    return this.web.close();
  }
}

function nothingThere(path: string): HttpError {
  return new HttpError(404, 'not_found', `no such resource: ${path}`, 'Open /, /frame.jpg or /stats.json.');
}

function cannotListen(host: string, port: number, cause: unknown): MediaError {
  const { message } = toError(cause);
  if (cause instanceof ListenError && cause.code === 'in_use')
    return new MediaError(
      'port_in_use',
      `${message}; give the display another "port", or 0 for any that is free`,
      { cause },
    );
  return new MediaError(
    'io',
    `the display cannot listen on ${host}, port ${port}: ${message}; check its parameters "host" and "port"`,
    { cause },
  );
}
