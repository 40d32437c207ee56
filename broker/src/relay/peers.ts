import { BridgeError, type Connection, type Endpoint } from '@streamlib/host-bridge';
import type { Logger } from '../logs/index.js';
import type { Message } from './messages.js';

export interface RelayLimits {
  readonly maxPeers: number;
  /** Messages of one peer that are read without it having waited for a reply. */
  readonly maxInFlight: number;
  /** A client needs one; replies that nobody reads must not use up this process's descriptors. */
  readonly maxEndpointsPerPeer: number;
}

export interface Peer {
  readonly connection: Connection;
  /** As the kernel says; null where it is of another process namespace. */
  readonly pid: number | null;
  send(reply: Message, endpoint?: Endpoint): void;
}

interface Account {
  inFlight: number;
  endpoints: number;
}

/** Who is connected to the relay, and how much each of them may ask for. */
export class Peers {
  /** Who was quiet longest comes first. */
  private readonly accounts = new Map<Peer, Account>();
  private fresh: Account[] = [];

  constructor(
    private readonly limits: RelayLimits,
    private readonly log: Logger,
  ) {}

  get size(): number {
    return this.accounts.size;
  }

  add(connection: Connection): Peer {
    // Peers stay for one question, or a handshake: the one that was quiet longest is the one to do without.
    const oldest = this.accounts.keys().next();
    if (this.accounts.size >= this.limits.maxPeers && !oldest.done)
      this.drop(oldest.value, `quiet for longest, and there are ${this.accounts.size} peers`);
    const peer: Peer = {
      connection,
      pid: connection.peer.pid === 0 ? null : connection.peer.pid,
      send: (reply, endpoint) => this.send(peer, reply, endpoint),
    };
    this.accounts.set(peer, { inFlight: 0, endpoints: 0 });
    return peer;
  }

  /** A sentence, if that was one message too many. Who waits for its reply before it asks again has one in flight. */
  countMessage(peer: Peer): string | null {
    const account = this.accounts.get(peer);
    if (account === undefined) return 'a message after the end';
    this.accounts.delete(peer);
    this.accounts.set(peer, account);
    if (account.inFlight++ === 0) this.forgiveLater(account);
    return account.inFlight > this.limits.maxInFlight
      ? `more than ${this.limits.maxInFlight} messages without waiting for a reply`
      : null;
  }

  countEndpoint(peer: Peer): string | null {
    const account = this.accounts.get(peer);
    if (account === undefined || ++account.endpoints <= this.limits.maxEndpointsPerPeer) return null;
    return `more than ${this.limits.maxEndpointsPerPeer} endpoints asked for`;
  }

  drop(peer: Peer, why: string): void {
    if (!this.accounts.delete(peer)) return;
    this.log.warn({ pid: peer.pid }, `relay peer dropped: ${why}`);
    peer.connection.close();
  }

  left(peer: Peer, code: string, message: string): void {
    if (!this.accounts.delete(peer)) return;
    if (code !== 'closed') this.log.warn({ pid: peer.pid }, `relay peer dropped: ${message}`);
  }

  close(): void {
    for (const peer of this.accounts.keys()) peer.connection.close();
    this.accounts.clear();
  }

  private send(peer: Peer, reply: Message, endpoint?: Endpoint): void {
    try {
      peer.connection.sendControl(reply, endpoint);
    } catch (error) {
      // It left before it had its reply.
      if (!(error instanceof BridgeError)) throw error;
      this.drop(peer, error.message);
    }
  }

  /** Replies go out at once; what is counted is what a peer sends within one turn of the loop. */
  private forgiveLater(account: Account): void {
    if (this.fresh.push(account) > 1) return;
    setImmediate(() => {
      for (const each of this.fresh) each.inFlight = 0;
      this.fresh = [];
    });
  }
}
