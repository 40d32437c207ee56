import type { Endpoint } from '@streamlib/host-bridge';
import type { Connections } from '../registry/index.js';

/**
 * Owns every endpoint that is stored, and closes each once: when another replaces it, when its connection is ready (nobody
 * needs it any more), has ended or is removed, or when the relay closes.
 */
export class EndpointTable {
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly unsubscribe: () => void;

  constructor(connections: Connections) {
    this.unsubscribe = connections.subscribe(({ kind, record }) => {
      if (kind === 'removed' || !record.endpointStored) this.release(record.id);
    });
  }

  /** Takes the endpoint over. */
  put(connectionId: string, endpoint: Endpoint): void {
    this.release(connectionId);
    this.endpoints.set(connectionId, endpoint);
  }

  /** Lent, not given. */
  get(connectionId: string): Endpoint | null {
    return this.endpoints.get(connectionId) ?? null;
  }

  get size(): number {
    return this.endpoints.size;
  }

  close(): void {
    this.unsubscribe();
    for (const endpoint of this.endpoints.values()) endpoint.close();
    this.endpoints.clear();
  }

  private release(connectionId: string): void {
    this.endpoints.get(connectionId)?.close();
    this.endpoints.delete(connectionId);
  }
}
