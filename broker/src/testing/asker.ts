import {
  type CloseReason,
  type Connection,
  type ControlValue,
  connectNamed,
  type Endpoint,
} from '@streamlib/host-bridge';

type Message = Record<string, ControlValue>;

export interface Reply {
  readonly message: Message;
  readonly endpoint: Endpoint | null;
}

/** A peer of the relay, as a host or a client is one. */
export class Asker {
  readonly connection: Connection;
  private readonly replies: Reply[] = [];
  private reason: CloseReason | null = null;
  private wake: () => void = () => undefined;

  constructor(path: string) {
    this.connection = connectNamed(path);
    this.connection.onControl = (message, endpoint) => {
      this.replies.push({ message, endpoint });
      this.wake();
    };
    this.connection.onClose = (reason) => {
      this.reason = reason;
      this.wake();
    };
    this.connection.start();
  }

  send(message: Message, endpoint?: Endpoint): void {
    this.connection.sendControl(message, endpoint);
  }

  async reply(): Promise<Reply> {
    for (;;) {
      const next = this.replies.shift();
      if (next !== undefined) return next;
      if (this.reason !== null) throw new Error(`the relay closed the connection: ${this.reason.message}`);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  async ask(message: Message, endpoint?: Endpoint): Promise<Reply> {
    this.send(message, endpoint);
    return this.reply();
  }

  get(connectionId: string): Promise<Reply> {
    return this.ask({ type: 'get_endpoint', connection_id: connectionId });
  }

  async store(connectionId: string, endpoint: Endpoint): Promise<Message> {
    return (await this.ask({ type: 'store_endpoint', connection_id: connectionId }, endpoint)).message;
  }

  async dropped(): Promise<void> {
    while (this.reason === null)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    for (const { endpoint } of this.replies.splice(0)) endpoint?.close();
  }

  close(): void {
    this.connection.close();
  }
}
