import { type Connection, type Endpoint, Listener } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import type { HandshakeBroker } from '../../broker/session.js';
import { type Child, type ChildExit, describeExit } from '../../process/child.js';
import { step } from './bridge-machine.js';
import {
  type BridgeCommand,
  type BridgeEvent,
  type BridgeRecord,
  deadlineOf,
  INITIAL,
  reached,
} from './bridge-states.js';
import { ClientChannel } from './client-channel.js';
import { HangMonitor } from './hang-monitor.js';
import type { FrameSender } from './input.js';
import { schemasJson } from './setup-message.js';
import { spawnRunner } from './subprocess.js';
import type { BridgeDependencies, BridgeEvents, BridgeSetup, ControlMessage } from './types.js';

/**
 * One incarnation of a Python processor: one broker connection, one listener, one subprocess, one direct channel. It owns all
 * four, and a restart is a fresh bridge. What happens when is the affair of `bridge-machine.ts`; this class carries it out.
 */
export class PythonBridge implements FrameSender {
  private record: BridgeRecord = INITIAL;
  private readonly commands: BridgeCommand[] = [];
  private performing = false;
  private child: Child | null = null;
  private listener: Listener | null = null;
  /** One that has connected and is neither accepted nor refused yet. */
  private arrival: Connection | null = null;
  private channel: ClientChannel | null = null;
  private monitor: HangMonitor | null = null;
  private timer: NodeJS.Timeout | null = null;
  private timerAt: number | null = null;
  private readonly abort = new AbortController();
  private readonly broker: HandshakeBroker;
  private readonly log: Logger;
  private readonly events: BridgeEvents;

  constructor(
    private readonly setup: BridgeSetup,
    dependencies: BridgeDependencies,
  ) {
    this.broker = dependencies.broker;
    this.log = dependencies.log;
    this.events = dependencies.events;
  }

  /** Whether frames flow. */
  get ready(): boolean {
    return this.record.state.name === 'ready';
  }

  get connectionId(): string | null {
    return this.record.connectionId;
  }

  get pid(): number | null {
    return this.record.pid;
  }

  /** Slots of memory of this process that the subprocess holds; null while it cannot hold any. */
  get leases(): number | null {
    return this.ready ? (this.channel?.leases ?? null) : null;
  }

  /** Returns at once; the bridge comes up in the background. */
  open(): void {
    this.happened({ type: 'open' });
  }

  sendFrame(port: number, frameId: number, value: object): boolean {
    if (this.channel === null || reached(this.record.state) !== 'ready') return false;
    return this.channel.sendFrame(port, frameId, value);
  }

  /** Travels with the next message, or by itself when the loop has nothing else to do. */
  ack(port: number, frameId: number): void {
    this.channel?.ack(port, frameId);
  }

  start(): void {
    this.send({ type: 'start' });
  }

  /** Asks the client to end by itself; one that cannot be asked yet is sent a signal. */
  askToStop(): void {
    this.happened({ type: 'stop' });
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.happened({ type: 'signal', signal });
  }

  /** The client does what it must not, so it has to be ended: `broken` follows. */
  condemn(reason: string): void {
    this.happened({ type: 'unusable', reason });
  }

  /** Sends a message to the client, with an endpoint if one is to be handed over. */
  send(message: ControlMessage, endpoint?: Endpoint): void {
    this.channel?.send(message, endpoint);
  }

  /** The one way in: the machine decides, its commands are carried out in their order, also those of what they cause. */
  private happened(event: BridgeEvent): void {
    const next = step(this.record, event, this.setup.limits, performance.now());
    this.record = next.record;
    if (next.illegal !== null) this.channel?.warnOnce(`ignored an event out of order: ${next.illegal}`);
    this.commands.push(...next.commands);
    this.wakeAt(deadlineOf(this.record));
    if (this.performing) return;
    this.performing = true;
    try {
      for (let command = this.commands.shift(); command !== undefined; command = this.commands.shift())
        this.perform(command);
    } finally {
      this.performing = false;
    }
  }

  private perform(command: BridgeCommand): void {
    switch (command.type) {
      case 'allocate':
        this.attempt(() => this.allocate());
        return;
      case 'spawn':
        this.spawn(command.connectionId);
        return;
      case 'publish_endpoint':
        this.attempt(() => this.publishEndpoint(command.connectionId));
        return;
      case 'accept':
        this.attempt(async () => this.accept());
        return;
      case 'refuse':
        this.refuse(command.pid, command.reason);
        return;
      case 'report_channel_up':
        if (this.record.pid !== null) this.broker.channelUp(command.connectionId, this.record.pid);
        return;
      case 'mark_acked':
        this.attempt(async () => {
          await this.broker.markAcked(command.connectionId, this.abort.signal);
          this.happened({ type: 'host_acked' });
        });
        return;
      case 'report_client_acked':
        this.broker.clientAcked(command.connectionId);
        return;
      case 'ask_client_state':
        void this.broker
          .clientState(command.connectionId)
          .then((state) => this.happened({ type: 'client_state', state }));
        return;
      case 'send':
        this.channel?.say(command.what);
        return;
      case 'watch':
        this.monitor = new HangMonitor(this.setup.limits, {
          warn: (reason) => this.log.warn(reason),
          hangs: (reason) => this.condemn(reason),
        });
        return;
      case 'signal':
        this.child?.signalGroup(command.signal);
        return;
      case 'close_connection':
        void this.broker.close(command.connectionId, { reason: 'shutdown' });
        return;
      case 'release':
        this.release();
        if (command.connectionId !== null) void this.broker.close(command.connectionId, command.why);
        return;
      case 'tell_spawned':
        this.events.spawned();
        this.log.debug('subprocess started', { pid: this.pid });
        return;
      case 'tell_ready':
        this.events.ready();
        return;
      case 'tell_broken':
        this.monitor?.stop();
        this.events.broken(command.reason);
        return;
      case 'tell_exited':
        this.events.exited(command.clean, command.reason);
        return;
    }
  }

  /** A step of the handshake. One that is given up because this is over has not failed. */
  private attempt(work: () => Promise<void>): void {
    work().catch((thrown: unknown) => {
      if (!this.abort.signal.aborted) this.happened({ type: 'step_failed', reason: failureOf(thrown) });
    });
  }

  private async allocate(): Promise<void> {
    const connectionId = await this.broker.allocate(
      { processorId: this.setup.node, kind: this.setup.kind, schemas: schemasJson(this.setup) },
      (reason) =>
        this.happened({
          type: 'step_failed',
          reason: `the broker came back and did not go on with the handshake: ${reason}`,
        }),
      this.abort.signal,
    );
    this.happened({ type: 'allocated', connectionId });
  }

  private spawn(id: string): void {
    try {
      const listener = Listener.anonymous();
      this.listener = listener;
      listener.onConnection = (connection) => {
        this.arrival = connection;
        this.happened({ type: 'client_came', pid: connection.peer.pid });
      };
      this.child = spawnRunner(
        this.setup,
        { id, address: this.broker.address, clientToken: this.broker.clientToken(id) },
        this.log,
        (exit) => this.exited(exit),
        (reason) => this.condemn(reason),
      );
    } catch (thrown) {
      this.happened({ type: 'step_failed', reason: failureOf(thrown) });
      return;
    }
    this.happened({ type: 'spawned', pid: this.child.pid });
  }

  /** The interpreter takes far longer to start than this: it is under way already. */
  private async publishEndpoint(id: string): Promise<void> {
    const { signal } = this.abort;
    const { listener } = this;
    if (listener === null) return;
    await this.broker.hostAlive(id, signal);
    await this.broker.publishEndpoint(id, () => listener.endpoint(), signal);
  }

  private refuse(pid: number, reason: string): void {
    this.log.warn(`refused process ${pid}, which claims connection ${this.connectionId}: ${reason}`);
    const connection = this.arrival;
    this.arrival = null;
    if (connection === null) return;
    connection.onClose = () => {};
    connection.close();
  }

  private accept(): void {
    if (this.arrival === null) return;
    const isAfterHandshake = () => reached(this.record.state) !== 'handshake';
    const channel = new ClientChannel(this.arrival, this.setup, {
      log: this.log,
      events: this.events,
      get takesFrames() {
        return isAfterHandshake();
      },
      happened: (event) => {
        if (event.type === 'channel_closed') this.channel = null;
        this.happened(event);
      },
      heartbeat: (busyMs) => this.monitor?.heartbeat(busyMs),
    });
    this.arrival = null;
    this.channel = channel;
    channel.open();
  }

  private exited(exit: ChildExit): void {
    const { code, stderrTail } = exit;
    this.happened({ type: 'exited', exit: { code, how: describeExit(exit), stderrTail } });
  }

  private release(): void {
    this.abort.abort();
    this.monitor?.stop();
    this.monitor = null;
    this.channel?.close();
    this.channel = null;
    this.listener?.close();
    this.listener = null;
  }

  private wakeAt(at: number | null): void {
    if (at === this.timerAt) return;
    this.timerAt = at;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (at === null) return;
    // One millisecond late rather than early: an early tick changes nothing.
    const delay = Math.max(0, Math.ceil(at - performance.now()) + 1);
    this.timer = setTimeout(() => {
      this.timer = null;
      this.timerAt = null;
      this.happened({ type: 'tick' });
    }, delay);
  }
}

function failureOf(thrown: unknown): string {
  const error = toError(thrown);
  return error instanceof StreamlibError ? error.message : `handshake failed: ${error.message}`;
}
