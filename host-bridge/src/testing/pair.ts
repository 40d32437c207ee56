import {
  type CloseReason,
  type Connection,
  type ControlValue,
  connectEndpoint,
  type Endpoint,
  Listener,
  type PortDef,
  type Schema,
} from '../index.js';
import { closeHandles } from '../memory/close-handles.js';
import { closing } from './leaks.js';

/** Two connected ends in this process, neither started. They are closed with the test at the latest. */
export async function connectedPair(): Promise<[Connection, Connection]> {
  const listener = Listener.anonymous();
  const endpoint = listener.endpoint();
  try {
    const accepted = new Promise<Connection>((resolve) => {
      listener.onConnection = resolve;
    });
    return [closing(connectEndpoint(endpoint)), closing(await accepted)];
  } finally {
    endpoint.close();
    listener.close();
  }
}

export interface Received {
  readonly port: number;
  readonly frameId: number;
  readonly value: Record<string, unknown>;
}

/** Collects what a connection receives, so that a test can await it. Handles in frames that no test took are closed with it. */
export class Inbox {
  readonly controls: Record<string, ControlValue>[] = [];
  readonly endpoints: (Endpoint | null)[] = [];
  readonly frames: Received[] = [];
  readonly acks: (readonly [port: number, frameId: number])[] = [];
  readonly closes: CloseReason[] = [];

  constructor(readonly connection: Connection) {
    connection.onControl = (message, endpoint) => {
      this.controls.push(message);
      this.endpoints.push(endpoint);
    };
    connection.onFrame = (port, frameId, value) => this.frames.push({ port, frameId, value });
    connection.onAck = (port, frameId) => this.acks.push([port, frameId]);
    connection.onClose = (reason) => this.closes.push(reason);
    connection.start();
    closing({ close: () => this.frames.map(({ value }) => closeHandles(value)) });
  }

  async until(condition: (inbox: this) => boolean): Promise<void> {
    const giveUp = Date.now() + 5000;
    while (!condition(this)) {
      if (Date.now() > giveUp) throw new Error('what the test waits for did not come within 5 s');
      await turn();
    }
  }

  async control(): Promise<Record<string, ControlValue>> {
    await this.until(() => this.controls.length > 0);
    return this.controls.shift() ?? {};
  }

  async frame(): Promise<Received> {
    await this.until(() => this.frames.length > 0);
    const [first] = this.frames.splice(0, 1);
    if (first === undefined) throw new Error('no frame');
    return first;
  }

  async close(): Promise<CloseReason> {
    await this.until(() => this.closes.length > 0);
    return this.closes[0] ?? { code: '', message: '' };
  }
}

/** One turn of the event loop, in which libuv polls. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A pair with one port of a schema, from `sender` to `receiver`, both started. */
export async function framePair(
  schema: Schema,
): Promise<{ sender: Inbox; receiver: Inbox; close: () => void }> {
  const [a, b] = await connectedPair();
  const ports: PortDef[] = [{ name: 'port', schema }];
  a.definePorts({ inputs: [], outputs: ports });
  b.definePorts({ inputs: ports, outputs: [] });
  const sender = new Inbox(a);
  const receiver = new Inbox(b);
  return {
    sender,
    receiver,
    close: () => {
      a.close();
      b.close();
    },
  };
}
