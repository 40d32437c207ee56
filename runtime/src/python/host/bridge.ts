import { type Connection, type Endpoint, Listener, monotonicNs } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import type { HandshakeBroker } from '../../broker/session.js';
import { type Child, type ChildExit, describeExit } from '../../process/child.js';
import type { FrameSender } from './input.js';
import { type ClientMessage, PING, readClientMessage } from './messages.js';
import { spawnRunner } from './subprocess.js';
import type { BridgeDependencies, BridgeEvents, BridgeSetup, ControlMessage, LinkMessage } from './types.js';
import { HangWatch } from './watch.js';

/**
 * - `allocating`: no process yet.
 * - `connecting`: the process starts, the listener waits for it.
 * - `pinging`: connected; no byte is believed to have crossed before the pong.
 * - `acking`: pong came; each side tells the broker.
 * - `setting_up`: the connection is ready; the user's `setup()` runs.
 * - `ready`: frames flow.
 * - `over`: everything is given back.
 */
export type BridgePhase =
  | 'allocating'
  | 'connecting'
  | 'pinging'
  | 'acking'
  | 'setting_up'
  | 'ready'
  | 'over';

const WATCH_MS = 1000;
/** After the channel closed: how long to wait for the process's exit, which tells the cause better. */
const EXIT_TELLS_MS = 100;

/**
 * One incarnation of a Python processor: one broker connection, one listener, one subprocess, one direct channel.
 * It owns all four, and a restart is a fresh bridge. Whatever happens, `exited` is the last thing it tells.
 */
export class PythonBridge implements FrameSender {
  private currentPhase: BridgePhase = 'allocating';
  private id: string | null = null;
  private child: Child | null = null;
  private listener: Listener | null = null;
  private connection: Connection | null = null;
  private watch: HangWatch | null = null;
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly abort = new AbortController();
  private readonly broker: HandshakeBroker;
  private readonly log: Logger;
  private readonly events: BridgeEvents;
  private hostAcked = false;
  private clientAcked = false;
  private asked = false;
  private saidBye = false;
  private fatal: string | null = null;
  private cutOff: string | null = null;
  private readonly refused = new Set<string>();

  constructor(
    private readonly setup: BridgeSetup,
    dependencies: BridgeDependencies,
  ) {
    this.broker = dependencies.broker;
    this.log = dependencies.log;
    this.events = dependencies.events;
  }

  get phase(): BridgePhase {
    return this.currentPhase;
  }

  get connectionId(): string | null {
    return this.id;
  }

  get pid(): number | null {
    return this.currentPhase === 'over' ? null : (this.child?.pid ?? null);
  }

  /** Slots of memory of this process that the subprocess holds; null while it cannot hold any. */
  get leases(): number | null {
    return this.currentPhase === 'ready' ? (this.connection?.stats.outstanding ?? null) : null;
  }

  /** Returns at once; the bridge comes up in the background. */
  open(): void {
    this.comeUp().catch((thrown: unknown) => {
      const error = toError(thrown);
      if (this.abort.signal.aborted) return;
      this.fail(error instanceof StreamlibError ? error.message : `handshake failed: ${error.message}`);
    });
  }

  sendFrame(port: number, frameId: number, value: object): boolean {
    if (this.connection === null) return false;
    return this.connection.sendFrame(port, frameId, value);
  }

  /** Travels with the next message, or by itself when the loop has nothing else to do. */
  ack(port: number, frameId: number): void {
    this.connection?.ack(port, frameId);
  }

  start(): void {
    this.send({ type: 'start' });
  }

  /** Asks the client to end by itself; one that cannot hear yet is told by a signal. */
  askToStop(): void {
    this.asked = true;
    if (this.currentPhase === 'over') return;
    if (this.currentPhase === 'ready' || this.currentPhase === 'setting_up') {
      this.send({ type: 'stop' });
      this.send({ type: 'teardown' });
      return;
    }
    this.signal('SIGTERM');
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (this.currentPhase === 'over') return;
    if (this.child === null) this.end(false, 'stopped before its process was started');
    else this.child.signalGroup(signal);
  }

  private async comeUp(): Promise<void> {
    const { signal } = this.abort;
    const { inputs, outputs } = this.setup.ports;
    const schemas = JSON.stringify({
      inputs: Object.fromEntries(inputs.map((port) => [port.name, port.schema])),
      outputs: Object.fromEntries(outputs.map((port) => [port.name, port.schema])),
    });
    const id = await this.broker.allocate(
      { processorId: this.setup.node, kind: this.setup.kind, schemas },
      (reason) => this.fail(`the broker came back and would not go on with the handshake: ${reason}`),
      signal,
    );
    this.id = id;
    if (this.phaseIsOver()) {
      await this.broker.close(id, { reason: 'shutdown' });
      return;
    }
    this.currentPhase = 'connecting';
    const listener = Listener.anonymous();
    this.listener = listener;
    listener.onConnection = (connection) => this.accept(connection);
    // The interpreter takes far longer to start than the endpoint to be stored: both at once.
    this.child = spawnRunner(
      this.setup,
      { id, address: this.broker.address, clientToken: this.broker.clientToken(id) },
      this.log,
      (exit) => this.childExited(exit),
      (reason) => this.fail(reason),
    );
    this.log.debug('subprocess started', { pid: this.child.pid, connection: id });
    this.events.spawned();
    this.after(this.setup.limits.connectMs, () => void this.neverCame(id));
    await this.broker.hostAlive(id, signal);
    await this.broker.publishEndpoint(id, () => listener.endpoint(), signal);
  }

  private phaseIsOver(): boolean {
    return this.currentPhase === 'over';
  }

  private accept(connection: Connection): void {
    const { pid } = connection.peer;
    if (this.currentPhase !== 'connecting' || pid !== this.child?.pid) {
      const why =
        pid !== this.child?.pid
          ? 'it is not the subprocess of this processor'
          : 'the processor has its client already';
      this.log.warn(`refused process ${pid}, which claims connection ${this.id}: ${why}`);
      connection.onClose = () => {};
      connection.close();
      return;
    }
    this.connection = connection;
    this.currentPhase = 'pinging';
    this.clearTimers();
    const { inputs, outputs } = this.setup.ports;
    // Seen from here: what the client puts out comes in.
    connection.definePorts({
      inputs: outputs.map(({ name, schema }) => ({ name, schema })),
      outputs: inputs.map(({ name, schema }) => ({ name, schema })),
    });
    connection.onControl = (message, endpoint) => {
      const read = readClientMessage(message);
      if ('link' in read) {
        this.events.link(read, endpoint);
        return;
      }
      endpoint?.close();
      this.received(read);
    };
    connection.onFrame = (port, frameId, value) => this.events.frame(port, Number(frameId), value);
    connection.onLost = (port, frameId, why) => this.events.lost(port, Number(frameId), why);
    connection.onAck = (port, frameId) => this.events.ack(port, Number(frameId));
    connection.onClose = (reason) => {
      // It was this side that would not go on; that the client then ends in order makes nothing good.
      if (reason.code === 'malformed')
        this.fatal ??= `the client broke the form of the channel: ${reason.message}`;
      this.channelClosed(`${reason.code}: ${reason.message}`);
    };
    connection.start();
    if (this.id !== null) this.broker.channelUp(this.id, pid);
    this.send({ type: 'ping', bytes: PING });
    this.after(this.setup.limits.pongMs, () => {
      this.fail(
        `handshake failed: the client connected but did not answer the ping within ${this.setup.limits.pongMs / 1000} s`,
      );
    });
  }

  private received(message: Exclude<ClientMessage, LinkMessage>): void {
    switch (message.type) {
      case 'pong':
        if (this.currentPhase !== 'pinging') return;
        if (!message.valid) {
          this.fail('handshake failed: the client answered the ping with the wrong bytes');
          return;
        }
        this.clearTimers();
        this.currentPhase = 'acking';
        this.acknowledge().catch((thrown: unknown) => {
          if (!this.abort.signal.aborted) this.fail(`handshake failed: ${toError(thrown).message}`);
        });
        return;
      case 'acked':
        this.clientAcked = true;
        if (this.id !== null) this.broker.clientAcked(this.id);
        this.bothAcked();
        return;
      case 'setup_done':
        if (this.currentPhase !== 'setting_up') return;
        this.clearTimers();
        this.currentPhase = 'ready';
        this.watchOver();
        this.events.ready();
        return;
      case 'finished':
        this.events.finished();
        return;
      case 'heartbeat': {
        const busyMs =
          message.busySinceNs === null ? null : (Number(monotonicNs()) - message.busySinceNs) / 1e6;
        this.watch?.heartbeat(performance.now(), busyMs);
        this.events.clientDropped(message.dropped);
        this.events.tallies(message.tallies, message.busySinceNs !== null);
        return;
      }
      case 'reported':
        this.events.reported(message.round);
        return;
      case 'log': {
        const left = message.dropped > 0 ? ` (${message.dropped} lines before it left out)` : '';
        this.log[message.level](`${message.message}${left}`, { logger: message.logger });
        return;
      }
      case 'error':
        this.clientError(message);
        return;
      case 'bye':
        this.saidBye = true;
        return;
      case 'started':
      case 'stopped':
        this.log.debug(`client ${message.type}`);
        return;
      case 'unknown':
        if (this.refused.size < 16 && !this.refused.has(message.name)) {
          this.refused.add(message.name);
          this.log.warn(`the client sent an unknown control message "${message.name}"`);
        }
    }
  }

  private async acknowledge(): Promise<void> {
    if (this.id === null) return;
    await this.broker.markAcked(this.id, this.abort.signal);
    this.hostAcked = true;
    this.bothAcked();
  }

  private bothAcked(): void {
    if (!this.hostAcked || !this.clientAcked || this.currentPhase !== 'acking') return;
    this.currentPhase = 'setting_up';
    const { setup } = this;
    const { setupMs } = setup.limits;
    if (setupMs > 0) {
      this.after(setupMs, () =>
        this.fail(`hangs: its import and setup() have been running for ${setupMs / 1000} s`),
      );
    }
    this.send({
      type: 'setup',
      kind: setup.kind,
      processor_id: setup.node,
      name: setup.node,
      config: JSON.stringify(setup.config),
      inputs: Object.fromEntries(
        setup.ports.inputs.map((port) => [port.name, { delivery: port.delivery, window: port.window }]),
      ),
      outputs: Object.fromEntries(
        setup.ports.outputs.map(({ name, blocking, window, slots, direct }) => [
          name,
          {
            blocking,
            window,
            ...(slots !== undefined && { slots }),
            ...(direct && { ...direct, links: [...direct.links] }),
          },
        ]),
      ),
      log_level: setup.logLevel,
    });
  }

  private clientError(message: ClientMessage & { type: 'error' }): void {
    const what = `${message.error}${message.error !== '' && message.message !== '' ? ': ' : ''}${message.message}`;
    if (!message.fatal) {
      this.events.error(message.phase, what, message.traceback);
      return;
    }
    this.fatal = `${message.phase} failed: ${what}`;
    this.log.error(`${this.fatal}\n${message.traceback}`.trimEnd(), { phase: message.phase });
  }

  /** Heartbeats are watched from here on, not earlier: imports and `setup()` may take as long as they need. */
  private watchOver(): void {
    const { limits } = this.setup;
    const watch = new HangWatch(limits, performance.now());
    this.watch = watch;
    let due = performance.now() + WATCH_MS;
    const timer = setInterval(() => {
      const now = performance.now();
      const late = now - due;
      due = now + WATCH_MS;
      if (late > WATCH_MS) watch.forgive(now);
      const verdict = watch.check(now);
      if (verdict.act === 'warn') this.log.warn(verdict.reason);
      else if (verdict.act === 'kill') this.fail(verdict.reason);
    }, WATCH_MS);
    this.timers.add(timer);
  }

  private channelClosed(reason: string): void {
    this.connection = null;
    if (this.phaseIsOver() || this.saidBye) return;
    // A client whose channel is gone ends in order; but nobody asked it to, and it did not say that it was done.
    if (!this.asked) this.cutOff = reason;
    this.after(EXIT_TELLS_MS, () => this.fail(`the direct channel was closed (${reason})`));
  }

  private async neverCame(id: string): Promise<void> {
    const state = await this.broker.clientState(id);
    this.fail(
      `the client did not connect within ${this.setup.limits.connectMs / 1000} s; the broker says client_state: ${state}`,
    );
  }

  private childExited(exit: ChildExit): void {
    const wasReady = this.currentPhase === 'ready';
    const clean = exit.code === 0 && (wasReady || this.asked) && this.fatal === null && this.cutOff === null;
    this.end(clean, this.explain(exit, wasReady));
  }

  private explain(exit: ChildExit, wasReady: boolean): string {
    const how = describeExit(exit);
    if (this.fatal !== null) return `${this.fatal} (${how})`;
    if (this.cutOff !== null && exit.code === 0)
      return `the direct channel was closed (${this.cutOff}), and the subprocess ${how}`;
    const when = wasReady ? '' : ' before it was ready';
    const tail =
      exit.stderrTail.length === 0
        ? ''
        : `; the end of its stderr:\n${exit.stderrTail.map((line) => `  ${line}`).join('\n')}`;
    return `the subprocess ${how}${when}${tail}`;
  }

  /** Tells that this incarnation is of no use; one without a process ends here. */
  private fail(reason: string): void {
    if (this.phaseIsOver()) return;
    if (this.child === null) this.end(false, reason);
    else this.events.broken(reason);
  }

  /** Says something to the client, with an endpoint if one is to be handed over. */
  send(message: ControlMessage, endpoint?: Endpoint): void {
    try {
      this.connection?.sendControl(message, endpoint);
    } catch (error) {
      this.log.debug('a control message could not be sent', { error: toError(error) });
    }
  }

  private end(clean: boolean, reason: string): void {
    if (this.phaseIsOver()) return;
    this.currentPhase = 'over';
    this.abort.abort();
    this.clearTimers();
    this.connection?.close();
    this.connection = null;
    this.listener?.close();
    this.listener = null;
    if (this.id !== null) {
      const wanted = clean || this.asked;
      void this.broker.close(
        this.id,
        wanted ? { reason: 'shutdown' } : { reason: 'error', detail: reason, side: 'client' },
      );
    }
    this.events.exited(clean, reason);
  }

  private after(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, ms);
    this.timers.add(timer);
  }

  private clearTimers(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
  }
}
