import { type Connection, type Endpoint, Listener } from '@streamlib/host-bridge';
import { BrokerError, messageOf } from '../errors/broker-error.js';
import type { Logger } from '../logs/index.js';
import type { Registry } from '../registry/index.js';
import { EndpointTable, type Keeper } from './endpoint-table.js';
import { type Message, parseRequest } from './messages.js';
import { type Peer, Peers, type RelayLimits } from './peers.js';
import { defaultProcessLimits } from './quota.js';
import * as replies from './replies.js';

export const defaultRelayLimits: RelayLimits = {
  maxPeers: 256,
  maxInFlight: 16,
  maxEndpointsPerPeer: 8,
  perProcess: defaultProcessLimits,
};

/** What this relay has from a service manager. */
export interface Inheritance {
  /** The socket to listen at; null: to be opened. */
  readonly fd?: number | null;
  readonly endpoints?: ReadonlyMap<string, Endpoint>;
  readonly keeper?: Keeper;
}

/** Hands endpoints from hosts to clients. That they come from our own user, and are endpoints, the listener has checked. */
export class Relay {
  private readonly endpoints: EndpointTable;
  private readonly peers: Peers;
  private readonly listener: Listener;

  constructor(
    readonly path: string,
    private readonly registry: Registry,
    private readonly log: Logger,
    limits: Partial<RelayLimits> = {},
    inherited: Inheritance = {},
  ) {
    try {
      const { fd = null } = inherited;
      this.listener = fd === null ? Listener.named(path) : Listener.adopted(fd);
    } catch (error) {
      throw new BrokerError('io', `The relay can't listen at ${path}: ${messageOf(error)}`, { cause: error });
    }
    this.endpoints = new EndpointTable(registry.connections, inherited.keeper, new Map(inherited.endpoints));
    this.peers = new Peers({ ...defaultRelayLimits, ...limits }, registry.clock, log);
    this.listener.onConnection = (connection) => this.accept(connection);
  }

  /** What an earlier broker had stored and no runtime has come for. */
  dropLeft(): number {
    return this.endpoints.dropLeft();
  }

  get storedEndpoints(): number {
    return this.endpoints.size;
  }

  get connectedPeers(): number {
    return this.peers.size;
  }

  close(): void {
    this.listener.close();
    this.peers.close();
    this.endpoints.close();
  }

  private accept(connection: Connection): void {
    const peer = this.peers.add(connection);
    if (peer === null) return;
    connection.onControl = (message, endpoint) => this.receive(peer, message, endpoint);
    connection.onFrame = () => this.peers.drop(peer, 'it sent a frame, which the relay does not take');
    connection.onClose = ({ code, message }) => this.peers.left(peer, code, message);
    connection.start();
  }

  private receive(peer: Peer, message: Message, endpoint: Endpoint | null): void {
    // Whoever keeps it says so; in every other case it is closed here.
    let kept = false;
    try {
      const tooMuch = this.peers.countMessage(peer, message);
      const request = tooMuch ?? parseRequest(message, endpoint !== null);
      if (typeof request === 'string') {
        this.peers.drop(peer, request);
        return;
      }
      if (request.type === 'get_endpoint') this.give(peer, request.connectionId);
      else if (endpoint !== null) kept = this.store(peer, request.connectionId, endpoint);
    } catch (error) {
      this.log.error({ err: error, pid: peer.pid }, `the relay failed: ${messageOf(error)}`);
      this.peers.drop(peer, 'the relay failed');
    } finally {
      if (!kept) endpoint?.close();
    }
  }

  /** True: the table has the endpoint now. */
  private store(peer: Peer, connectionId: string, endpoint: Endpoint): boolean {
    const tooMany = this.peers.countEndpoint(peer);
    if (tooMany !== null) {
      this.peers.drop(peer, tooMany);
      return false;
    }
    const { connections } = this.registry;
    const outcome = connections.apply(connectionId, { type: 'endpoint_stored', peerPid: peer.pid });
    const about = { connection_id: connectionId, pid: peer.pid };
    if (outcome === null) {
      this.log.warn(about, 'endpoint not stored: no such connection');
      peer.send(replies.storeUnknown(connectionId));
      return false;
    }
    if ('refusal' in outcome) {
      this.log.warn(about, `endpoint not stored: ${outcome.refusal.message}`);
      peer.send(replies.storeRefused(connectionId, outcome.refusal));
      return false;
    }
    this.endpoints.put(connectionId, endpoint);
    this.log.debug(about, 'endpoint stored');
    peer.send(replies.stored(connectionId, outcome.record));
    return true;
  }

  private give(peer: Peer, connectionId: string): void {
    const { connections, clock } = this.registry;
    const outcome = connections.apply(connectionId, { type: 'endpoint_polled', peerPid: peer.pid });
    const about = { connection_id: connectionId, pid: peer.pid };
    if (outcome === null) {
      this.log.warn(about, 'endpoint not given: no such connection');
      peer.send(replies.getUnknown(connectionId));
      return;
    }
    if ('refusal' in outcome) {
      this.log.warn(about, `endpoint not given: ${outcome.refusal.message}`);
      peer.send(replies.getRefused(connectionId, outcome.refusal));
      return;
    }
    const { record } = outcome;
    const endpoint = this.endpoints.get(connectionId);
    if (endpoint === null) {
      peer.send(replies.notReady(connectionId, record, clock.now()));
      return;
    }
    const tooMany = this.peers.countEndpoint(peer);
    if (tooMany !== null) {
      this.peers.drop(peer, tooMany);
      return;
    }
    this.log.debug(about, 'endpoint given');
    peer.send(replies.found(connectionId, record), endpoint);
  }
}
