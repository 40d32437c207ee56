import type { LogFields, Logger } from './logger.js';

/** Names, with each line, the broker's connection that the processor has at the moment: what the broker logs of it has the same id. */
export class ConnectionLog implements Logger {
  connectionId: string | null = null;

  constructor(private readonly inner: Logger) {}

  debug(message: string, fields?: LogFields): void {
    this.inner.debug(message, this.named(fields));
  }

  info(message: string, fields?: LogFields): void {
    this.inner.info(message, this.named(fields));
  }

  warn(message: string, fields?: LogFields): void {
    this.inner.warn(message, this.named(fields));
  }

  error(message: string, fields?: LogFields): void {
    this.inner.error(message, this.named(fields));
  }

  child(bindings: LogFields): Logger {
    const child = new ConnectionLog(this.inner.child(bindings));
    child.connectionId = this.connectionId;
    return child;
  }

  private named(fields: LogFields | undefined): LogFields | undefined {
    return this.connectionId === null ? fields : { connection_id: this.connectionId, ...fields };
  }
}
