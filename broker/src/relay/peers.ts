import { BridgeError, type Connection, type Endpoint } from '@streamlib/host-bridge';
import type { Clock } from '../clock/clock.js';
import type { Logger } from '../logs/index.js';
import { type Message, sizeOf } from './messages.js';
import { type ProcessLimits, ProcessQuota } from './quota.js';

export interface RelayLimits {
  readonly maxPeers: number;
  /** Messages of one peer that are read without it having waited for a reply. */
  readonly maxInFlight: number;
  /** A client needs one; replies that nobody reads must not use up this process's descriptors. */
  readonly maxEndpointsPerPeer: number;
  readonly perProcess: ProcessLimits;
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
  readonly process: ProcessQuota;
}

/** Who is connected to the relay, and how much each of them may ask for. */
export class Peers {
  /** Who was quiet longest comes first. */
  private readonly accounts = new Map<Peer, Account>();
  private fresh: Account[] = [];
  /** By process; those that this one can't see share an account. */
  private readonly processes = new Map<number, ProcessQuota>();

  constructor(
    private readonly limits: RelayLimits,
    private readonly clock: Clock,
    private readonly log: Logger,
  ) {}

  get size(): number {
    return this.accounts.size;
  }

  /** Null: its process has too many already, and the connection is closed. */
  add(connection: Connection): Peer | null {
    const process = this.processOf(connection.peer.pid);
    const tooMuch = process.connect(this.clock.now());
    if (tooMuch !== null) {
      process.connections--;
      this.log.warn({ pid: connection.peer.pid }, `relay peer refused: ${tooMuch}`);
      connection.close();
      return null;
    }
    // Peers stay for one question, or a handshake: the one that was quiet longest is the one to do without.
    const oldest = this.accounts.keys().next();
    if (this.accounts.size >= this.limits.maxPeers && !oldest.done)
      this.drop(oldest.value, `quiet for longest, and there are ${this.accounts.size} peers`);
    const peer: Peer = {
      connection,
      pid: connection.peer.pid === 0 ? null : connection.peer.pid,
      send: (reply, endpoint) => this.send(peer, reply, endpoint),
    };
    this.accounts.set(peer, { inFlight: 0, endpoints: 0, process });
    return peer;
  }

  /** A sentence, if that was one message too many. Who waits for its reply before it asks again has one in flight. */
  countMessage(peer: Peer, message: Message): string | null {
    const account = this.accounts.get(peer);
    if (account === undefined) return 'a message after the end';
    this.accounts.delete(peer);
    this.accounts.set(peer, account);
    if (account.inFlight++ === 0) this.forgiveLater(account);
    if (account.inFlight > this.limits.maxInFlight)
      return `more than ${this.limits.maxInFlight} messages without waiting for a reply`;
    return account.process.countMessage(sizeOf(message), this.clock.now());
  }

  countEndpoint(peer: Peer): string | null {
    const account = this.accounts.get(peer);
    if (account === undefined) return null;
    if (++account.endpoints <= this.limits.maxEndpointsPerPeer)
      return account.process.countHandle(this.clock.now());
    return `more than ${this.limits.maxEndpointsPerPeer} endpoints asked for`;
  }

  drop(peer: Peer, why: string): void {
    if (!this.remove(peer)) return;
    this.log.warn({ pid: peer.pid }, `relay peer dropped: ${why}`);
    peer.connection.close();
  }

  left(peer: Peer, code: string, message: string): void {
    if (!this.remove(peer)) return;
    if (code !== 'closed') this.log.warn({ pid: peer.pid }, `relay peer dropped: ${message}`);
  }

  private remove(peer: Peer): boolean {
    const account = this.accounts.get(peer);
    if (account === undefined) return false;
    this.accounts.delete(peer);
    account.process.connections--;
    return true;
  }

  private processOf(pid: number): ProcessQuota {
    const known = this.processes.get(pid);
    if (known !== undefined) return known;
    const now = this.clock.now();
    // Looked through only when somebody new comes, and then most are gone.
    if (this.processes.size >= this.limits.maxPeers)
      for (const [other, quota] of this.processes) if (quota.isIdle(now)) this.processes.delete(other);
    const quota = new ProcessQuota(this.limits.perProcess, now);
    this.processes.set(pid, quota);
    return quota;
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
