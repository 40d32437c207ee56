import type { Endpoint } from '@streamlib/host-bridge';
import type { LogFields, Logger, LogLevel } from '../base/log/logger.js';
import type { AllocateRequest, CloseReason, HandshakeBroker, ProcessorStatus } from '../broker/session.js';
import type { GraphNode, NodeListener } from '../node/node.js';
import type { NodeState } from '../node/state.js';

const REMEMBERED = 40;

/**
 * A node's registration with its graph and with the broker. The states of a node that only stands by to replace another go to
 * its watchers; those of an active one also to the graph, and its status to the broker; those of a retired one nowhere.
 */
export class NodeRegistration implements NodeListener {
  private listener: NodeListener | null = null;
  private readonly watchers = new Set<(state: NodeState, message?: string) => void>();
  private status: ProcessorStatus | null = null;
  private report: ((status: ProcessorStatus) => void) | null = null;
  /** The last lines that the node logged before it was active. */
  readonly lines: string[] = [];

  stateChanged(node: GraphNode, state: NodeState, message?: string, error?: Error): void {
    for (const watcher of this.watchers) watcher(state, message);
    this.listener?.stateChanged(node, state, message, error);
  }

  /** From now on the node is the graph's. */
  activate(listener: NodeListener): void {
    this.listener = listener;
    if (this.status !== null) this.report?.(this.status);
  }

  /** From now on the node is not the graph's. The broker forgets it, unless `successor`, which has its id, reports a status itself. */
  retire(successor: NodeRegistration | null = null): void {
    const wasActive = this.listener !== null;
    this.listener = null;
    const { status } = this;
    if (!wasActive || status === null || status.state === 'stopped' || successor?.status) return;
    this.report?.({ ...status, state: 'stopped', pid: null, connectionId: null });
  }

  watch(watcher: (state: NodeState, message?: string) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The broker as this node sees it: what it reports is passed on only while it is the graph's. */
  broker(broker: HandshakeBroker): HandshakeBroker {
    this.report = (status) => broker.report(status);
    return new ReportingBroker(broker, (status) => {
      this.status = status;
      if (this.listener !== null) broker.report(status);
    });
  }

  log(log: Logger): Logger {
    return new Listened(log, (line) => {
      if (this.listener !== null) return;
      this.lines.push(line);
      if (this.lines.length > REMEMBERED) this.lines.shift();
    });
  }
}

/** A broker whose reports go another way. */
class ReportingBroker implements HandshakeBroker {
  constructor(
    private readonly inner: HandshakeBroker,
    readonly report: (status: ProcessorStatus) => void,
  ) {}

  get address(): string {
    return this.inner.address;
  }

  allocate(request: AllocateRequest, onLost: (reason: string) => void, signal: AbortSignal): Promise<string> {
    return this.inner.allocate(request, onLost, signal);
  }

  clientToken(connectionId: string): string {
    return this.inner.clientToken(connectionId);
  }

  hostAlive(connectionId: string, signal: AbortSignal): Promise<void> {
    return this.inner.hostAlive(connectionId, signal);
  }

  publishEndpoint(connectionId: string, endpoint: () => Endpoint, signal: AbortSignal): Promise<void> {
    return this.inner.publishEndpoint(connectionId, endpoint, signal);
  }

  channelUp(connectionId: string, clientPid: number): void {
    this.inner.channelUp(connectionId, clientPid);
  }

  markAcked(connectionId: string, signal: AbortSignal): Promise<void> {
    return this.inner.markAcked(connectionId, signal);
  }

  clientAcked(connectionId: string): void {
    this.inner.clientAcked(connectionId);
  }

  clientState(connectionId: string): Promise<string> {
    return this.inner.clientState(connectionId);
  }

  close(connectionId: string, why: CloseReason): Promise<void> {
    return this.inner.close(connectionId, why);
  }
}

class Listened implements Logger {
  constructor(
    private readonly inner: Logger,
    private readonly heard: (line: string) => void,
  ) {}

  debug(message: string, fields?: LogFields): void {
    this.inner.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.say('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.say('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.say('error', message, fields);
  }

  child(bindings: LogFields): Logger {
    return new Listened(this.inner.child(bindings), this.heard);
  }

  private say(level: Exclude<LogLevel, 'debug'>, message: string, fields?: LogFields): void {
    this.inner[level](message, fields);
    this.heard(message);
  }
}
