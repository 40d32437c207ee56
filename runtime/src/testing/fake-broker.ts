import { type Connection, type Endpoint, Listener, relayPath } from '@streamlib/host-bridge';
import type { CloseReason, HandshakeBroker, ProcessorStatus } from '../broker/session.js';

/** Stands in for the broker within the test's process: hands the stored endpoint to whoever asks the relay for it. */
export class FakeBroker implements HandshakeBroker {
  readonly address = 'none';
  readonly calls: string[] = [];
  readonly statuses: ProcessorStatus[] = [];
  private readonly endpoints = new Map<string, () => Endpoint>();
  private readonly relay: Listener;
  private readonly peers = new Set<Connection>();
  private count = 0;

  constructor() {
    this.relay = Listener.named(relayPath());
    this.relay.onConnection = (connection) => {
      this.peers.add(connection);
      connection.onClose = () => this.peers.delete(connection);
      connection.onControl = (message, received) => {
        received?.close();
        const endpoint = this.endpoints.get(String(message.connection_id))?.();
        connection.sendControl({ found: endpoint !== undefined }, endpoint);
        endpoint?.close();
      };
      connection.start();
    };
  }

  allocate(): Promise<string> {
    this.count++;
    this.calls.push('allocate');
    return Promise.resolve(`connection-${this.count}`);
  }

  clientToken(): string {
    return '';
  }

  hostAlive(): Promise<void> {
    this.calls.push('hostAlive');
    return Promise.resolve();
  }

  publishEndpoint(connectionId: string, endpoint: () => Endpoint): Promise<void> {
    this.calls.push('publishEndpoint');
    this.endpoints.set(connectionId, endpoint);
    return Promise.resolve();
  }

  channelUp(): void {
    this.calls.push('channelUp');
  }

  markAcked(): Promise<void> {
    this.calls.push('markAcked');
    return Promise.resolve();
  }

  clientAcked(): void {
    this.calls.push('clientAcked');
  }

  clientState(): Promise<string> {
    return Promise.resolve('pending');
  }

  close(connectionId: string, why: CloseReason): Promise<void> {
    this.calls.push(`close ${why.reason}`);
    this.endpoints.delete(connectionId);
    return Promise.resolve();
  }

  report(status: ProcessorStatus): void {
    this.statuses.push(status);
  }

  shutDown(): void {
    for (const peer of this.peers) peer.close();
    this.relay.close();
  }
}
