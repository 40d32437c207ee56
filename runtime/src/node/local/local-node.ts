import { FramePool, monotonicNs } from '@streamlib/host-bridge';
import type {
  FrameValue,
  InputHandle,
  OutputHandle,
  Processor,
  ProcessorContext,
} from '@streamlib/processor';
import type { Logger } from '../../base/log/logger.js';
import { loop } from '../../base/loop/loop.js';
import { toError } from '../../base/streamlib-error.js';
import { within } from '../../base/within.js';
import type { Frame } from '../../flow/frame.js';
import { Histogram } from '../../flow/histogram.js';
import { OutputPort } from '../../flow/output-port.js';
import { slotsFor } from '../../flow/slots.js';
import type { NodePorts } from '../../graph/ports.js';
import { ErrorReporter } from '../error-reporter.js';
import { type GraphNode, isOver, type NodeListener } from '../node.js';
import type { NodeState, NodeStats } from '../state.js';
import { nodeStats } from '../stats.js';
import { Loans } from './loans.js';
import { LocalInput } from './local-input.js';
import { LocalOutput } from './local-output.js';

const GRACE_MS = 3000;
/** How long `setup()` and `start()` may take before that is told. */
const LATE_MS = 5000;

export interface LocalNodeOptions {
  readonly id: string;
  readonly type: string;
  readonly runtimeId: string;
  readonly ports: NodePorts;
  readonly config: unknown;
  readonly poolSlots?: number | undefined;
  readonly create: () => Processor;
  readonly log: Logger;
  readonly listener: NodeListener;
}

/** A processor that runs in the runtime's own process. */
export class LocalNode implements GraphNode {
  readonly id: string;
  readonly type: string;
  readonly process = null;
  readonly setUpTakesTime = false;
  readonly inputs: ReadonlyMap<string, LocalInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  private current: NodeState = 'created';
  private failure: string | null = null;
  private failedCalls = 0;
  private readonly errors: ErrorReporter;
  private readonly metrics: Record<string, number> = {};
  private readonly handles: ReadonlyMap<string, LocalOutput>;
  private readonly held = new Map<string, { frame: Frame; lent: FrameValue }>();
  private readonly inputList: readonly LocalInput[];
  private readonly abort = new AbortController();
  private readonly context: ProcessorContext;
  private processor: Processor | null = null;
  private pool: FramePool | null = null;
  private poolSlots = 0;
  /** True while `process()` runs or has been called for. */
  private pumping = false;
  private scheduled = false;
  private nextInput = 0;
  private stopped: Promise<void> | null = null;
  private settled: (() => void) | null = null;
  private started = false;
  private settingUp: Promise<void> = Promise.resolve();
  private leave = () => {};
  /** Settles when the node has been shut down, whatever its code still does. */
  private readonly gone = new Promise<void>((resolve) => {
    this.leave = resolve;
  });

  constructor(private readonly options: LocalNodeOptions) {
    this.id = options.id;
    this.type = options.type;
    this.errors = new ErrorReporter(options.log);
    const wake = () => this.schedule();
    this.inputs = new Map(
      [...options.ports.inputs].map(([name, model]) => [name, new LocalInput(model, wake)]),
    );
    this.inputList = [...this.inputs.values()];
    this.outputs = new Map(
      [...options.ports.outputs].map(([name, model]) => [name, new OutputPort(name, model.schema)]),
    );
    const loans = new Loans(
      () => this.framePool(),
      options.log,
      () => this.growPool(),
    );
    this.handles = new Map(
      [...this.outputs].map(([name, port]) => [name, new LocalOutput(this.id, port, loans)]),
    );
    this.context = this.makeContext();
  }

  get state(): NodeState {
    return this.current;
  }

  get rate(): number {
    return Math.max(0, ...this.inputList.map((input) => input.counters.rate));
  }

  get latency(): Histogram {
    return Histogram.over(this.inputList.map((input) => input.latency));
  }

  get idle(): boolean {
    return !this.pumping && this.inputList.every((input) => input.waiting === 0);
  }

  setup(): Promise<void> {
    this.become('starting');
    this.settingUp = this.attempt('setup', async () => {
      this.processor = this.options.create();
      await loop.call(this.id, () => this.processor?.setup?.(this.context));
    });
    return Promise.race([this.settingUp, this.gone]);
  }

  async start(): Promise<void> {
    if (this.current !== 'starting') return;
    // Running before `start()` is called: a source may finish within it.
    this.become('running');
    this.started = true;
    const starting = this.attempt('start', async () => {
      await loop.call(this.id, () => this.processor?.start?.(this.context));
      this.schedule();
    });
    // One that never returns must not keep the runtime from stopping.
    await Promise.race([starting, this.gone]);
  }

  stop(): Promise<void> {
    this.stopped ??= this.shutDown(isOver(this.current) ? this.current : 'stopped');
    return this.stopped;
  }

  stats(): NodeStats {
    return nodeStats(this, {
      failure: this.failure,
      errors: this.errors.count,
      failedCalls: this.failedCalls,
      lastError: this.errors.last,
      latency: this.latency,
      metrics: this.metrics,
    });
  }

  private framePool(): FramePool {
    if (this.pool === null) {
      this.poolSlots = this.slotsWanted();
      this.pool = new FramePool({ maxSlots: this.poolSlots });
    }
    return this.pool;
  }

  private slotsWanted(): number {
    const outputs = [...this.outputs.values()];
    const { poolSlots } = this.options;
    return poolSlots === undefined
      ? slotsFor(outputs)
      : outputs.reduce((sum, { keeps }) => sum + keeps, poolSlots);
  }

  /** Frames of the one before stay valid until they come back. */
  private growPool(): boolean {
    if (this.pool === null || this.slotsWanted() <= this.poolSlots) return false;
    this.pool.close();
    this.pool = null;
    return true;
  }

  private schedule(): void {
    if (this.scheduled || this.pumping || this.current !== 'running' || this.processor?.process === undefined)
      return;
    this.scheduled = true;
    const pump = () => {
      this.scheduled = false;
      this.pump();
    };
    // Not called from within the producer's `set()`: a chain of nodes would run on one stack.
    if (loop.isDue()) setImmediate(pump);
    else queueMicrotask(pump);
  }

  /** Works off what waits, one frame at a time, turn by turn of the inputs. */
  private pump(): void {
    while (this.current === 'running' && !this.pumping) {
      if (loop.isDue()) {
        this.schedule();
        return;
      }
      const next = this.takeNext();
      if (next === null) return;
      const { input, frame } = next;
      const lent = frame.lend();
      this.pumping = true;
      let result: void | Promise<void>;
      try {
        result = loop.call(this.id, () => this.processor?.process?.(this.context, input.name, lent));
      } catch (thrown) {
        this.finishFrame(input, frame, lent, toError(thrown));
        continue;
      }
      if (!(result instanceof Promise)) {
        this.finishFrame(input, frame, lent, null);
        continue;
      }
      result.then(
        () => {
          this.finishFrame(input, frame, lent, null);
          this.pump();
        },
        (thrown: unknown) => {
          this.finishFrame(input, frame, lent, toError(thrown));
          this.pump();
        },
      );
    }
  }

  private takeNext(): { input: LocalInput; frame: Frame } | null {
    for (let i = 0; i < this.inputList.length; i++) {
      const input = this.inputList[(this.nextInput + i) % this.inputList.length];
      const frame = input?.take();
      if (input !== undefined && frame !== undefined) {
        this.nextInput = (this.nextInput + i + 1) % this.inputList.length;
        return { input, frame };
      }
    }
    return null;
  }

  private finishFrame(input: LocalInput, frame: Frame, lent: FrameValue, error: Error | null): void {
    if (input.probe !== undefined) input.probe.finished(frame, error !== null);
    frame.takeBack(lent);
    if (error !== null && this.current === 'running') {
      input.counters.drop('error');
      this.failedCalls++;
      this.errors.report(`process() failed on a frame of "${input.name}"`, error);
    }
    this.pumping = false;
    this.settled?.();
  }

  private async attempt(hook: 'setup' | 'start', work: () => Promise<void>): Promise<void> {
    const late = setTimeout(() => {
      const next =
        hook === 'start'
          ? 'send frames from a loop of your own, which start() does not wait for'
          : 'it goes on waiting';
      this.options.log.warn(
        `${hook}() of ${this.type} "${this.id}" has not returned for ${LATE_MS / 1000} s, and the runtime waits for it: ${next}`,
      );
    }, LATE_MS);
    late.unref();
    try {
      await work();
    } catch (thrown) {
      this.fail(toError(thrown));
    } finally {
      clearTimeout(late);
    }
  }

  private fail(error: Error): void {
    if (isOver(this.current) || this.current === 'stopping') return;
    this.failure = error.message;
    this.options.log.error(`failed: ${error.message}`, { error });
    this.become('failed', error.message, error);
    this.stopped ??= this.shutDown('failed');
  }

  private async shutDown(end: NodeState): Promise<void> {
    if (end !== 'failed') this.become('stopping');
    this.abort.abort();
    for (const input of this.inputList) input.close();
    for (const output of this.handles.values()) output.close();
    await this.patiently('setup()', this.settingUp);
    await this.lastProcess();
    for (const hook of this.started ? (['stop', 'teardown'] as const) : (['teardown'] as const)) {
      await this.patiently(`${hook}()`, this.lastCall(hook));
    }
    for (const { frame, lent } of this.held.values()) frame.takeBack(lent);
    this.held.clear();
    this.pool?.close();
    this.pool = null;
    if (end !== 'failed') this.become(end);
    this.leave();
  }

  private async lastCall(hook: 'stop' | 'teardown'): Promise<void> {
    try {
      await loop.call(this.id, () => this.processor?.[hook]?.(this.context));
    } catch (thrown) {
      this.errors.report(`${hook}() failed`, toError(thrown));
    }
  }

  private async lastProcess(): Promise<void> {
    if (this.pumping)
      await this.patiently('process()', new Promise<void>((resolve) => (this.settled = resolve)));
  }

  /** Waits, but not for ever: code that ignores its signal must not keep the runtime. */
  private async patiently(what: string, work: Promise<void>): Promise<void> {
    if ((await within(GRACE_MS, work)) === 'late')
      this.options.log.warn(
        `${what} has not returned ${GRACE_MS} ms after the node was stopped; going on without it`,
      );
  }

  private become(state: NodeState, message?: string, error?: Error): void {
    if (this.current === state) return;
    this.current = state;
    this.options.listener.stateChanged(this, state, message, error);
  }

  private makeContext(): ProcessorContext {
    const inputs = new Map<string, InputHandle>(
      [...this.inputs].map(([name, input]) => [name, { get: () => this.pull(input) }]),
    );
    return {
      id: this.id,
      runtimeId: this.options.runtimeId,
      log: this.options.log,
      config: this.options.config,
      signal: this.abort.signal,
      now_ns: monotonicNs,
      input: (name) => this.named(inputs, name, 'input'),
      output: (name) => this.named<OutputHandle>(this.handles, name, 'output'),
      fail: (error) => this.fail(error),
      finish: () => {
        if (this.current === 'running') this.become('finished');
      },
      report: (metrics) => {
        Object.assign(this.metrics, metrics);
      },
    };
  }

  private pull(input: LocalInput): FrameValue | null {
    const before = this.held.get(input.name);
    const frame = input.take();
    if (before !== undefined) {
      if (input.probe !== undefined) input.probe.finished(before.frame, false);
      before.frame.takeBack(before.lent);
      this.held.delete(input.name);
    }
    if (frame === undefined) return null;
    const lent = frame.lend();
    this.held.set(input.name, { frame, lent });
    return lent;
  }

  private named<T>(ports: ReadonlyMap<string, T>, name: string, what: string): T {
    const port = ports.get(name);
    if (port === undefined) {
      throw new TypeError(
        `${this.type} "${this.id}" has no ${what} "${name}"; it has: ${[...ports.keys()].join(', ') || 'none'}`,
      );
    }
    return port;
  }
}
