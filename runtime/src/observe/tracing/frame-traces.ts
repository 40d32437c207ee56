import { ageNs } from '../../flow/age.js';
import type { Frame } from '../../flow/frame.js';
import type { InputProbe, OutputProbe, Watchable } from '../../flow/probe.js';

export type Attributes = Readonly<Record<string, string | number>>;

/** A span as whoever exports it keeps it; times are milliseconds since 1970. */
export interface OpenSpan {
  end(at: number, error?: string): void;
}

/** Makes spans; `parent` null begins a trace. */
export type SpanMaker = (
  name: string,
  parent: OpenSpan | null,
  at: number,
  attributes: Attributes,
) => OpenSpan;

export interface FrameTracesOptions {
  readonly runtimeId: string;
  readonly ratio: number;
  /** From 0 to 1, for each frame of a source. */
  readonly random?: () => number;
  /** Milliseconds of `performance.now()`, and of the calendar. */
  readonly now?: () => number;
  readonly wall?: () => number;
}

/** A frame may go from one subprocess to others and be seen again later: so long its trace is kept open for it. */
const SETTLE_MS = 1000;
/** More frames are not followed at a time. */
const MOST = 256;
/** A timestamp that is older says nothing about when the frame was made: it was taken from a file, say. */
const OLDEST_NS = 60e9;

/** One frame's way through the graph. */
interface Trace {
  readonly root: OpenSpan;
  readonly stamp: bigint | null;
  readonly frame: Attributes;
  /** Between `now()` and the calendar, when it began: what is set back meanwhile must not turn its spans around. */
  readonly offset: number;
  /** By node: what its outputs come from. */
  readonly work: Map<string, OpenSpan>;
  /** What is being worked on. */
  readonly open: Set<OpenSpan>;
  lastAt: number;
}

interface Sent {
  readonly trace: Trace;
  readonly parent: OpenSpan;
  readonly from: string;
  readonly at: number;
}

interface Work {
  readonly trace: Trace;
  readonly span: OpenSpan;
}

/**
 * Follows some of the frames and makes a trace of each: from its source, over each hop, through each processor. A frame is known
 * again at the next output by its `timestamp_ns`, which processors pass on. Pure but for its timer; what a span is, others know.
 */
export class FrameTraces {
  private readonly sent = new WeakMap<Frame, Sent>();
  private readonly byStamp = new Map<bigint, Trace>();
  private readonly traces = new Set<Trace>();
  private sources: ReadonlySet<string> = new Set();
  private direct: ReadonlySet<string> = new Set();
  private timer: NodeJS.Timeout | null = null;
  private over = false;
  private readonly random: () => number;
  private readonly wall: () => number;
  readonly now: () => number;

  constructor(
    private readonly make: SpanMaker,
    private readonly options: FrameTracesOptions,
  ) {
    this.random = options.random ?? Math.random;
    this.now = options.now ?? (() => performance.now());
    this.wall = options.wall ?? Date.now;
  }

  /** Looks at all ports of a node. */
  watch(node: Watchable): void {
    for (const port of node.outputs.values()) {
      const from = `${node.id}.${port.name}`;
      port.probe = { sent: (frame) => this.routed(node.id, from, port.name, frame) } satisfies OutputProbe;
    }
    for (const port of node.inputs.values()) port.probe = new PortProbe(this, node.id, port.name);
  }

  /** The nodes whose frames are new, and those whose frames were not seen before either: they came straight from another process. */
  from(sources: ReadonlySet<string>, direct: ReadonlySet<string> = new Set()): void {
    this.sources = sources;
    this.direct = direct;
  }

  /** Ends all that is open. */
  close(): void {
    this.over = true;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    for (const trace of this.traces) {
      for (const span of trace.open) this.endWork(trace, span, 'the graph was stopped');
      this.end(trace);
    }
  }

  find(frame: Frame): Sent | undefined {
    return this.sent.get(frame);
  }

  /** A span that is over. */
  span(
    trace: Trace,
    name: string,
    parent: OpenSpan,
    from: number,
    attributes: Attributes,
    until: number,
  ): OpenSpan {
    const span = this.open(trace, name, parent, from, attributes);
    this.endSpan(trace, span, until);
    return span;
  }

  /** Work on a frame; what the node sends of it comes from here. */
  beginWork(trace: Trace, node: string, parent: OpenSpan, at: number, attributes: Attributes): OpenSpan {
    const span = this.open(trace, `process ${node}`, parent, at, attributes);
    trace.work.set(node, span);
    trace.open.add(span);
    return span;
  }

  endWork(trace: Trace, span: OpenSpan, error?: string): void {
    // It may have been ended with the graph.
    if (trace.open.delete(span)) this.endSpan(trace, span, this.now(), error);
  }

  private open(trace: Trace, name: string, parent: OpenSpan, from: number, attributes: Attributes): OpenSpan {
    return this.make(name, parent, trace.offset + from, {
      'streamlib.runtime.id': this.options.runtimeId,
      ...trace.frame,
      ...attributes,
    });
  }

  private endSpan(trace: Trace, span: OpenSpan, at: number, error?: string): void {
    span.end(trace.offset + at, error);
    trace.lastAt = Math.max(trace.lastAt, at);
  }

  private routed(node: string, from: string, port: string, frame: Frame): void {
    const { timestamp_ns: value } = frame.value;
    const stamp = typeof value === 'bigint' ? value : null;
    let trace = stamp === null || this.byStamp.size === 0 ? undefined : this.byStamp.get(stamp);
    if (trace === undefined) {
      if (this.sources.has(node)) trace = this.begin('source', node, port, stamp, frame);
      else if (this.direct.has(node)) trace = this.begin('direct', node, port, stamp, frame);
    }
    if (trace === undefined) return;
    const at = this.now();
    trace.lastAt = Math.max(trace.lastAt, at);
    this.sent.set(frame, { trace, parent: trace.work.get(node) ?? trace.root, from, at });
  }

  /** The way up to here is one span: of a source the making of the frame, else what other processes did with it. */
  private begin(
    way: 'source' | 'direct',
    node: string,
    port: string,
    stamp: bigint | null,
    frame: Frame,
  ): Trace | undefined {
    if (this.over || this.traces.size >= MOST || this.random() >= this.options.ratio) return undefined;
    const now = this.now();
    const age = stamp === null ? 0 : ageNs(stamp, now);
    const from = age > 0 && age < OLDEST_NS ? now - age / 1e6 : now;
    const number = frame.value.frame_number;
    const known: Attributes = {
      ...(stamp !== null && { 'streamlib.frame.timestamp_ns': String(stamp) }),
      ...(typeof number === 'bigint' && { 'streamlib.frame.number': Number(number) }),
    };
    const of = { 'streamlib.processor': node, 'streamlib.port': port };
    const offset = this.wall() - now;
    const attributes = { 'streamlib.runtime.id': this.options.runtimeId, ...known, ...of };
    const root = this.make('frame', null, offset + from, attributes);
    const trace: Trace = { root, stamp, frame: known, offset, work: new Map(), open: new Set(), lastAt: now };
    this.traces.add(trace);
    if (stamp !== null) this.byStamp.set(stamp, trace);
    trace.work.set(node, this.span(trace, `${way} ${node}`, root, from, of, now));
    this.timer ??= this.soon();
    return trace;
  }

  private soon(): NodeJS.Timeout {
    return setTimeout(() => this.settle(), SETTLE_MS).unref();
  }

  /** There is a timer only while a frame is followed. */
  private settle(): void {
    this.timer = null;
    const now = this.now();
    for (const trace of this.traces) {
      if (trace.open.size === 0 && now - trace.lastAt >= SETTLE_MS) this.end(trace);
    }
    if (this.traces.size > 0) this.timer = this.soon();
  }

  private end(trace: Trace): void {
    this.traces.delete(trace);
    if (trace.stamp !== null && this.byStamp.get(trace.stamp) === trace) this.byStamp.delete(trace.stamp);
    trace.root.end(trace.offset + trace.lastAt);
  }
}

/** What happens at one input. */
class PortProbe implements InputProbe {
  private readonly here = new Map<Frame, Work>();
  private readonly there = new Map<number, Work>();

  constructor(
    private readonly traces: FrameTraces,
    readonly node: string,
    private readonly port: string,
  ) {}

  taken(frame: Frame): void {
    const sent = this.traces.find(frame);
    if (sent !== undefined) this.here.set(frame, this.begin('deliver', sent, null));
  }

  finished(frame: Frame, failed: boolean): void {
    const work = this.here.get(frame);
    if (work === undefined) return;
    this.here.delete(frame);
    this.traces.endWork(work.trace, work.span, failed ? 'process() failed' : undefined);
  }

  lent(frame: Frame, frameId: number, connection: string | null): void {
    const sent = this.traces.find(frame);
    if (sent !== undefined) this.there.set(frameId, this.begin('send', sent, connection));
  }

  acked(frameId: number): void {
    // In the order in which they were sent.
    for (const [id, work] of this.there) {
      if (id > frameId) return;
      this.there.delete(id);
      this.traces.endWork(work.trace, work.span);
    }
  }

  lost(): void {
    for (const { trace, span } of this.there.values()) this.traces.endWork(trace, span, 'the process ended');
    this.there.clear();
  }

  dropped(frame: Frame, reason: string): void {
    const sent = this.traces.find(frame);
    if (sent === undefined) return;
    const { trace, parent, at } = sent;
    const why = { ...this.attributes(sent, null), 'streamlib.dropped': reason };
    this.traces.span(trace, `deliver ${this.node}`, parent, at, why, this.traces.now());
  }

  private begin(hop: 'deliver' | 'send', sent: Sent, connection: string | null): Work {
    const { trace, parent, at } = sent;
    const now = this.traces.now();
    const attributes = this.attributes(sent, connection);
    const way = this.traces.span(trace, `${hop} ${this.node}`, parent, at, attributes, now);
    return { trace, span: this.traces.beginWork(trace, this.node, way, now, attributes) };
  }

  private attributes({ from }: Sent, connection: string | null): Attributes {
    return {
      'streamlib.processor': this.node,
      'streamlib.port': this.port,
      'streamlib.from': from,
      ...(connection !== null && { 'streamlib.connection.id': connection }),
    };
  }
}
