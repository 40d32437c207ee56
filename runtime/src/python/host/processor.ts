import { ConnectionLog } from '../../base/log/connection-log.js';
import type { Logger } from '../../base/log/logger.js';
import type { HandshakeBroker } from '../../broker/session.js';
import { Histogram } from '../../flow/histogram.js';
import type { OutputPort } from '../../flow/output-port.js';
import { USUAL_SLOTS } from '../../flow/slots.js';
import type { NodePorts } from '../../graph/ports.js';
import { ErrorReporter } from '../../node/error-reporter.js';
import { type GraphNode, isOver, type NodeListener } from '../../node/node.js';
import type { NodeState, NodeStats } from '../../node/state.js';
import { nodeStats } from '../../node/stats.js';
import type { SupervisorPolicy } from '../../process/machine.js';
import { Supervisor } from '../../process/supervisor.js';
import type { PythonKind } from '../../processor/kind.js';
import { DirectLink } from '../links/direct-link.js';
import { ProcessLinks } from '../links/process-links.js';
import type { Asked, Stock } from '../links/quiescence.js';
import { NO_TALLY } from '../links/tally.js';
import type { Confinement } from '../sandbox/sandbox.js';
import type { SparePool } from '../spare/pool.js';
import { PythonBridge } from './bridge.js';
import { PythonInput } from './input.js';
import { OUTPUT_WINDOW, PythonOutput } from './output.js';
import type { BridgeLimits, BridgePorts } from './types.js';

export interface PythonProcessorOptions {
  readonly id: string;
  readonly file: string;
  readonly processor: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly ports: NodePorts;
  readonly python: string;
  readonly broker: HandshakeBroker;
  readonly policy: SupervisorPolicy;
  readonly limits: BridgeLimits;
  readonly logLevel: string;
  readonly spares?: SparePool;
  /** Given for code from outside. */
  readonly confinement?: Confinement;
  readonly confinedSpares?: SparePool;
  readonly log: Logger;
  readonly listener: NodeListener;
}

/**
 * The host half of a Python processor: what the three kinds have in common. Owns the supervisor and, through it, one bridge at
 * a time; a kind only says what happens before its bridge is ready and when it becomes so.
 */
export abstract class PythonProcessor implements GraphNode, Asked {
  readonly type = 'python';
  readonly id: string;
  readonly inputs: ReadonlyMap<string, PythonInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  protected abstract readonly kind: PythonKind;
  protected readonly log: ConnectionLog;
  private readonly inputList: readonly PythonInput[];
  private readonly outputList: readonly PythonOutput[];
  private readonly links: ProcessLinks;
  private readonly supervisor: Supervisor;
  private readonly errors: ErrorReporter;
  private readonly metrics: Record<string, number> = {};
  private bridge: PythonBridge | null = null;
  private incarnation = 0;
  private startWanted = false;
  private current: NodeState = 'created';
  private failure: string | null = null;
  private lastError: string | null = null;

  constructor(protected readonly options: PythonProcessorOptions) {
    this.id = options.id;
    this.log = new ConnectionLog(options.log);
    this.errors = new ErrorReporter(this.log);
    const onError = (message: string, error: Error) => this.errors.report(message, error);
    this.inputList = [...options.ports.inputs.values()].map(
      (model, index) => new PythonInput(model, index, onError),
    );
    this.outputList = [...options.ports.outputs.values()].map((model) => new PythonOutput(model));
    this.links = new ProcessLinks(options.id);
    for (const { port } of this.outputList) port.onReaders = () => this.links.tellReaders(port.name, port);
    this.inputs = new Map(this.inputList.map((input) => [input.name, input]));
    this.outputs = new Map(this.outputList.map(({ port }) => [port.name, port]));
    this.supervisor = new Supervisor(options.policy, {
      spawn: (incarnation) => this.spawn(incarnation),
      askToStop: () => this.bridge?.askToStop(),
      signal: (_incarnation, signal) => this.bridge?.signal(signal),
      restarting: (delayMs, reason) => {
        this.log.warn(`${reason}; restarting in ${delayMs} ms`);
        this.become('waiting', reason);
      },
      ended: (state, reason) => this.ended(state, reason),
    });
  }

  get state(): NodeState {
    return this.current;
  }

  /** Whether frames flow. */
  get ready(): boolean {
    return this.bridge?.phase === 'ready';
  }

  get rate(): number {
    return Math.max(0, ...this.inputList.map((input) => input.counters.rate));
  }

  get latency(): Histogram {
    return Histogram.over(this.inputList.map((input) => input.latency));
  }

  get idle(): boolean {
    if (isOver(this.current) && this.current !== 'finished') return true;
    return this.inputList.every((input) => input.idle) && this.outputList.every((output) => output.idle);
  }

  /** Whether its frames may go straight to another process, or come from one. */
  get linkable(): boolean {
    return this.options.confinement === undefined;
  }

  /** Joins an output of this node to an input of another without the runtime in between. */
  linkTo(output: string, reader: PythonProcessor, input: string): void {
    this.makeLink(output, reader, input, false);
    this.tellReaders(output);
  }

  /**
   * From one frame to the next, what went straight to one reader is meant for another that is to take its place. It waits here
   * until the link that is returned is let go of; the first reader still gets what was on its way. Null: there is no such link.
   */
  relink(
    output: string,
    reader: { readonly node: PythonProcessor; readonly input: string },
    next: { readonly node: PythonProcessor; readonly input: string },
  ): DirectLink | null {
    if (!this.takeLink(output, reader.node, reader.input)) return null;
    const link = this.makeLink(output, next.node, next.input, true);
    // Both changes are one message, so no frame falls between them.
    this.tellReaders(output);
    return link;
  }

  private makeLink(output: string, reader: PythonProcessor, input: string, held: boolean): DirectLink {
    const to = reader.inputs.get(input);
    if (to === undefined) throw new Error(`${reader.id} has no input ${input}`);
    const link = new DirectLink(
      {
        id: this.links.nextId(`${this.id}.${output}>${reader.id}.${input}`),
        output: `${this.id}.${output}`,
        input: `${reader.id}.${input}`,
        delivery: to.delivery,
        window: to.windowSize,
        queue: to.capacity,
      },
      to.counters,
      to.latency,
      this.log,
      (reason) => this.goAround(output, reader, to, reason),
      { keeps: this.ready, held },
    );
    to.link = link;
    this.links.addOut(output, link);
    reader.links.addIn(link);
    this.links.join(link, 'producer');
    reader.links.join(link, 'consumer');
    return link;
  }

  /** Ends what `linkTo` made. False: there is no such link. */
  unlink(output: string, reader: PythonProcessor, input: string): boolean {
    if (!this.takeLink(output, reader, input)) return false;
    this.tellReaders(output);
    return true;
  }

  private takeLink(output: string, reader: PythonProcessor, input: string): boolean {
    const link = this.links.find(output, reader.links, `${reader.id}.${input}`);
    if (link === undefined) return false;
    reader.links.removeIn(link);
    const to = reader.inputs.get(input);
    if (to !== undefined) to.link = null;
    this.links.removeOut(link);
    return true;
  }

  /** A link that does not come about: its frames go through the runtime from here on. */
  private goAround(output: string, reader: PythonProcessor, input: PythonInput, reason: string): void {
    const port = this.outputs.get(output);
    if (port === undefined || !this.unlink(output, reader, input.name)) return;
    this.log.warn(
      `no direct link to ${reader.id}.${input.name}: its frames go through the runtime (${reason})`,
    );
    input.bind(port);
    port.connect(input);
  }

  private tellReaders(output: string): void {
    const port = this.outputs.get(output);
    if (port !== undefined) this.links.tellReaders(output, port);
  }

  /** What is on its way from here to other subprocesses. Null: nothing is, and nothing will be. */
  takeStock(): Promise<Stock | null> {
    return this.links.takeStock();
  }

  /** Returns at once; the bridge comes up in the background. */
  setup(): Promise<void> {
    this.become('starting');
    this.supervisor.start();
    return Promise.resolve();
  }

  start(): Promise<void> {
    this.startWanted = true;
    if (this.ready) this.bridge?.start();
    else this.log.debug(this.beforeReady());
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const end = this.current;
    if (!isOver(end)) this.become('stopping');
    for (const input of this.inputList) input.close(true);
    this.links.inputsOver();
    await this.supervisor.stop();
    for (const output of this.outputList) output.dropWaiting();
  }

  stats(): NodeStats {
    return nodeStats(
      { type: this.type, state: this.current, inputs: this.inputs, outputs: this.outputs },
      {
        failure: this.failure,
        errors: this.errors.count,
        latency: this.latency,
        metrics: this.metrics,
        restarts: this.supervisor.restarts,
        pid: this.bridge?.pid ?? null,
        connectionId: this.bridge?.connectionId ?? null,
        leases: this.bridge?.leases ?? null,
      },
    );
  }

  /** What this kind does until its bridge is ready; for the log. */
  protected abstract beforeReady(): string;

  private spawn(incarnation: number): void {
    this.incarnation = incarnation;
    if (incarnation > 1) this.become('starting');
    // The one before has ended.
    this.log.connection = null;
    const since = performance.now();
    const bridge = new PythonBridge(
      {
        node: this.id,
        kind: this.kind,
        file: this.options.file,
        processor: this.options.processor,
        config: this.options.config,
        python: this.options.python,
        ports: this.bridgePorts(),
        limits: this.options.limits,
        logLevel: this.options.logLevel,
        ...(this.options.spares && { spares: this.options.spares }),
        ...(this.options.confinement && { confinement: this.options.confinement }),
        ...(this.options.confinedSpares && { confinedSpares: this.options.confinedSpares }),
      },
      {
        broker: this.options.broker,
        log: this.log,
        events: {
          spawned: () => {
            this.log.connection = bridge.connectionId;
            this.report();
          },
          ready: () => {
            this.metrics.ready_ms = Math.round(performance.now() - since);
            this.bridgeReady(bridge);
          },
          frame: (port, frameId, value) => this.received(bridge, port, frameId, value),
          lost: (port, frameId, why) => {
            if (this.outputList[port]?.lost(frameId) === true)
              this.log.warn(
                `the system gives this process no memory to read frames, which are dropped (raise its limits): ${why}`,
              );
          },
          ack: (port, frameId) => this.inputList[port]?.acked(frameId),
          finished: () => {
            if (this.current === 'running') this.become('finished');
          },
          error: (phase, message, traceback) => {
            this.errors.report(`${phase}: ${message}\n${traceback}`.trimEnd());
          },
          clientDropped: (dropped) => this.countClientDrops(dropped),
          tallies: (tallies, busy) => {
            this.links.report(tallies, busy);
            for (const input of this.inputList) {
              const { dropped } = tallies.get(`input/${input.name}`) ?? NO_TALLY;
              input.clientLost(dropped.no_memory ?? 0);
            }
            for (const output of this.outputList) {
              const tally = tallies.get(`output/${output.port.name}`);
              if (tally !== undefined) output.passedDirectly(tally);
            }
          },
          link: (message, endpoint) => this.links.message(message, endpoint),
          reported: (round) => this.links.reported(round),
          broken: (reason) => {
            this.closePorts(false);
            this.log.error(reason);
            this.supervisor.broken(incarnation, reason);
          },
          exited: (clean, reason) => {
            this.closePorts(false);
            if (this.bridge === bridge) this.bridge = null;
            if (!clean) this.log.debug(reason);
            // Once it has sent its last frame, there is nothing to start again for.
            this.supervisor.exited(incarnation, clean || this.current === 'finished', reason);
          },
        },
      },
    );
    this.bridge = bridge;
    bridge.open();
  }

  private bridgeReady(bridge: PythonBridge): void {
    this.supervisor.ready(this.incarnation);
    this.log.info('ready', { connection: bridge.connectionId, pid: bridge.pid });
    if (this.current === 'starting') this.become('running');
    this.outputList.forEach((output, index) => {
      output.open((frameId) => bridge.ack(index, frameId));
    });
    if (this.startWanted) bridge.start();
    for (const input of this.inputList) input.open(bridge);
    const { pid } = bridge;
    if (pid !== null) {
      this.links.ready({ pid, control: (message, endpoint) => bridge.send(message, endpoint) });
    }
  }

  private received(
    bridge: PythonBridge,
    port: number,
    frameId: number,
    value: Record<string, unknown>,
  ): void {
    const output = this.outputList[port];
    if (output === undefined || output.receive(frameId, value)) return;
    const reason = `broke the protocol: more than ${OUTPUT_WINDOW} frames on output "${output.port.name}" without an acknowledgement`;
    if (this.bridge === bridge) this.supervisor.broken(this.incarnation, reason);
  }

  private countClientDrops(dropped: Readonly<Record<string, number>>): void {
    for (const output of this.outputList) {
      const count = dropped[output.port.name];
      if (count !== undefined) output.clientDropped(count);
    }
  }

  private closePorts(over: boolean): void {
    for (const input of this.inputList) input.close(over);
    for (const output of this.outputList) output.close();
    this.links.gone(over);
  }

  private ended(state: 'stopped' | 'failed', reason: string | null): void {
    this.closePorts(true);
    if (state === 'failed') {
      this.failure = reason;
      this.log.error(`failed: ${reason}`);
      this.become('failed', reason ?? undefined);
      return;
    }
    // A subprocess that ended by itself, in order, was a source that had nothing more to send.
    if (this.current !== 'finished') this.become(this.current === 'stopping' ? 'stopped' : 'finished');
  }

  private become(state: NodeState, message?: string): void {
    if (this.current === state) return;
    this.current = state;
    this.lastError = message ?? this.lastError;
    this.report();
    this.options.listener.stateChanged(this, state, message);
  }

  /** For people who ask the broker. */
  private report(): void {
    this.options.broker.report({
      processorId: this.id,
      kind: this.kind,
      state: this.current,
      pid: this.bridge?.pid ?? null,
      restarts: this.supervisor.restarts,
      connectionId: this.bridge?.connectionId ?? null,
      lastError: this.lastError,
    });
  }

  private bridgePorts(): BridgePorts {
    return {
      inputs: this.inputList.map(({ name, schema, delivery, windowSize }) => ({
        name,
        schema,
        delivery,
        window: windowSize,
      })),
      outputs: this.outputList.map(({ port }) => {
        const direct = this.links.readersOf(port.name, port);
        const slots = this.links.slotsOf(port.name, port);
        port.canWait = port.blocking;
        return {
          name: port.name,
          schema: port.schema,
          blocking: port.blocking,
          window: OUTPUT_WINDOW,
          ...(slots > USUAL_SLOTS && { slots }),
          ...(direct !== null && { direct }),
        };
      }),
    };
  }
}
