import type { Endpoint } from '@streamlib/host-bridge';
import type { ConnectionChange, Connections } from '../registry/index.js';
import { isFinal } from '../state-machine/index.js';

/** Where endpoints outlive this process, if anywhere. */
export interface Keeper {
  keep(connectionId: string, endpoint: Endpoint): void;
  forget(connectionId: string): void;
}

const nobody: Keeper = { keep: () => undefined, forget: () => undefined };

/**
 * Owns every endpoint that is stored, and closes each once: when another replaces it, when its connection is ready (nobody
 * needs it any more), has ended or is removed, or when the relay closes.
 */
export class EndpointTable {
  private readonly endpoints = new Map<string, Endpoint>();
  private readonly unsubscribe: () => void;

  /** `left`: what an earlier broker had stored, taken over; each waits for its runtime to tell of its connection. */
  constructor(
    private readonly connections: Connections,
    private readonly keeper: Keeper = nobody,
    private readonly left: Map<string, Endpoint> = new Map(),
  ) {
    this.unsubscribe = connections.subscribe((change) => this.changed(change));
  }

  /** Takes the endpoint over. */
  put(connectionId: string, endpoint: Endpoint): void {
    this.release(connectionId);
    this.endpoints.set(connectionId, endpoint);
    this.keeper.keep(connectionId, endpoint);
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
    // Not forgotten by the keeper: the next broker has use for them.
    for (const endpoint of [...this.endpoints.values(), ...this.left.values()]) endpoint.close();
    this.endpoints.clear();
    this.left.clear();
  }

  /** Nobody came for them: their runtimes are gone. */
  dropLeft(): number {
    const count = this.left.size;
    for (const id of [...this.left.keys()]) this.discard(id);
    return count;
  }

  private changed({ kind, record }: ConnectionChange): void {
    // Only once all have heard of the connection itself.
    if (kind === 'created' && this.left.has(record.id)) queueMicrotask(() => this.restore(record.id));
    else if (kind === 'removed' || !record.endpointStored) this.release(record.id);
  }

  private restore(connectionId: string): void {
    const endpoint = this.left.get(connectionId);
    const record = this.connections.get(connectionId);
    if (endpoint === undefined) return;
    const needed = record !== null && !isFinal(record) && record.readyAt === null && !record.endpointStored;
    const outcome = needed
      ? this.connections.apply(connectionId, { type: 'endpoint_stored', peerPid: null })
      : null;
    if (outcome === null || 'refusal' in outcome) {
      this.discard(connectionId);
      return;
    }
    this.left.delete(connectionId);
    this.endpoints.set(connectionId, endpoint);
  }

  private discard(connectionId: string): void {
    this.left.get(connectionId)?.close();
    this.left.delete(connectionId);
    this.keeper.forget(connectionId);
  }

  private release(connectionId: string): void {
    const endpoint = this.endpoints.get(connectionId);
    if (endpoint === undefined) return;
    endpoint.close();
    this.endpoints.delete(connectionId);
    this.keeper.forget(connectionId);
  }
}
