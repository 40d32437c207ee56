import { headline } from '../../base/headline.js';
import { ConnectionLog } from '../../base/log/connection-log.js';
import type { Logger } from '../../base/log/logger.js';
import type { HandshakeBroker } from '../../broker/session.js';
import type { Histogram } from '../../flow/histogram.js';
import type { OutputPort } from '../../flow/output-port.js';
import type { NodePorts } from '../../graph/ports.js';
import { ErrorReporter } from '../../node/error-reporter.js';
import { type GraphNode, isOver, type NodeListener } from '../../node/node.js';
import type { NodeState, NodeStats } from '../../node/state.js';
import { nodeStats } from '../../node/stats.js';
import type { SupervisorPolicy } from '../../process/machine.js';
import { Supervisor } from '../../process/supervisor.js';
import type { PythonKind } from '../../processor/kind.js';
import type { ProcessLinks } from '../links/process-links.js';
import type { Confinement } from '../sandbox/sandbox.js';
import type { SparePool } from '../spare/pool.js';
import type { PythonBridge } from './bridge.js';
import { Incarnation, type IncarnationOwner } from './incarnation.js';
import type { PythonInput } from './input.js';
import { BEFORE_READY } from './kinds.js';
import { PythonPorts } from './ports.js';
import { PythonSide } from './python-side.js';
import type { BridgeLimits } from './types.js';

export interface PythonProcessorOptions {
  readonly id: string;
  readonly kind: PythonKind;
  /** The name of its node type; `python` by default. */
  readonly type?: string;
  readonly file: string;
  /** `MODULE:ATTRIBUTE` of a processor that is installed; `file` is that of the module then. */
  readonly module?: string;
  readonly processor: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly ports: NodePorts;
  readonly python: string;
  readonly broker: HandshakeBroker;
  readonly policy: SupervisorPolicy;
  readonly limits: BridgeLimits;
  readonly logLevel: string;
  readonly spares?: Pick<SparePool, 'take'>;
  /** Given for code from outside. */
  readonly confinement?: Confinement;
  readonly log: Logger;
  readonly listener: NodeListener;
}

/** The host half of a Python processor, of any kind. Owns its ports, the supervisor and, through it, one incarnation at a time. */
export class PythonProcessor implements GraphNode {
  readonly type: string;
  readonly setUpTakesTime = true;
  readonly process: PythonSide;
  readonly id: string;
  readonly inputs: ReadonlyMap<string, PythonInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  private readonly log: ConnectionLog;
  private readonly ports: PythonPorts;
  private readonly links: ProcessLinks;
  private readonly supervisor: Supervisor;
  private readonly errors: ErrorReporter;
  private readonly metrics: Record<string, number> = {};
  private incarnation: Incarnation | null = null;
  private startWanted = false;
  private current: NodeState = 'created';
  private failure: string | null = null;
  private failedCalls = 0;
  private lastError: string | null = null;

  constructor(private readonly options: PythonProcessorOptions) {
    this.id = options.id;
    this.type = options.type ?? 'python';
    this.log = new ConnectionLog(options.log);
    this.errors = new ErrorReporter(this.log);
    this.ports = new PythonPorts(options.id, options.ports, (message, error) =>
      this.errors.report(message, error),
    );
    this.links = this.ports.links;
    this.inputs = new Map(this.ports.inputs.map((input) => [input.name, input]));
    this.outputs = new Map(this.ports.outputs.map(({ port }) => [port.name, port]));
    this.process = new PythonSide({
      id: this.id,
      inputs: this.inputs,
      outputs: this.outputs,
      links: this.links,
      log: this.log,
      confined: options.confinement !== undefined,
      ready: () => this.ready,
    });
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

  private get bridge(): PythonBridge | null {
    return this.incarnation?.bridge ?? null;
  }

  /** Whether frames flow. */
  get ready(): boolean {
    return this.bridge?.ready === true;
  }

  get rate(): number {
    return this.ports.rate;
  }

  get latency(): Histogram {
    return this.ports.latency;
  }

  get idle(): boolean {
    if (isOver(this.current) && this.current !== 'finished') return true;
    return this.ports.idle;
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
    else this.log.debug(BEFORE_READY[this.options.kind]);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    const end = this.current;
    if (!isOver(end)) this.become('stopping');
    this.ports.closeInputs();
    await this.supervisor.stop();
    for (const output of this.ports.outputs) output.dropWaiting();
  }

  stats(): NodeStats {
    return nodeStats(
      { type: this.type, state: this.current, inputs: this.inputs, outputs: this.outputs },
      {
        failure: this.failure,
        errors: this.errors.count,
        failedCalls: this.failedCalls,
        lastError: this.lastError === null ? this.errors.last : headline(this.lastError),
        latency: this.latency,
        metrics: this.metrics,
        restarts: this.supervisor.restarts,
        pid: this.bridge?.pid ?? null,
        connectionId: this.bridge?.connectionId ?? null,
        leases: this.bridge?.leases ?? null,
      },
    );
  }

  private spawn(number: number): void {
    if (number > 1) this.become('starting');
    // The one before has ended.
    this.log.connectionId = null;
    const { options, log, errors, ports } = this;
    this.incarnation = new Incarnation(
      number,
      {
        node: this.id,
        kind: options.kind,
        file: options.file,
        ...(options.module !== undefined && { module: options.module }),
        processor: options.processor,
        config: options.config,
        python: options.python,
        ports: ports.forBridge(),
        limits: options.limits,
        logLevel: options.logLevel,
        ...(options.spares && { spares: options.spares }),
        ...(options.confinement && { confinement: options.confinement }),
      },
      { broker: options.broker, log, errors, ports },
      this.owner(),
    );
    this.incarnation.bridge.open();
  }

  private owner(): IncarnationOwner {
    const startWanted = () => this.startWanted;
    return {
      get startWanted() {
        return startWanted();
      },
      spawned: ({ bridge }) => {
        this.log.connectionId = bridge.connectionId;
        this.report();
      },
      ready: ({ number, bridge, ageMs }) => {
        this.metrics.ready_ms = Math.round(ageMs);
        this.supervisor.ready(number);
        this.log.info('ready', { pid: bridge.pid });
        if (this.current === 'starting') this.become('running');
      },
      callFailed: () => {
        this.failedCalls++;
      },
      finished: () => {
        if (this.current === 'running') this.become('finished');
      },
      broken: ({ number }, reason) => this.supervisor.broken(number, reason),
      exited: (incarnation, clean, reason) => {
        if (this.incarnation === incarnation) this.incarnation = null;
        // Once it has sent its last frame, there is nothing to start again for.
        this.supervisor.exited(incarnation.number, clean || this.current === 'finished', reason);
      },
    };
  }

  private ended(state: 'stopped' | 'failed', reason: string | null): void {
    this.ports.close(true);
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
      kind: this.options.kind,
      state: this.current,
      pid: this.bridge?.pid ?? null,
      restarts: this.supervisor.restarts,
      connectionId: this.bridge?.connectionId ?? null,
      lastError: this.lastError,
    });
  }
}
