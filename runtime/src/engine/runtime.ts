import { EventEmitter, setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import type { Delivery, ProcessorDefinition } from '@streamlib/processor';
import { customAlphabet } from 'nanoid';
import { allOrNone } from '../base/all-or-none.js';
import type { Logger, LogLevel } from '../base/log/logger.js';
import { type LogSink, openLog } from '../base/log/pino-logger.js';
import { describeHold } from '../base/loop/held.js';
import { loop } from '../base/loop/loop.js';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import { VERSION } from '../base/version.js';
import { parseOverride } from '../graph/config/overrides.js';
import type { GraphDifference } from '../graph/diff.js';
import { type ConnectionSpec, type GraphSpec, MISSING, type NodeSpec } from '../graph/spec.js';
import type { GraphNode, NodeListener } from '../node/node.js';
import type { NodeState, RuntimeState, RuntimeStats } from '../node/state.js';
import type { NodeType } from '../node-types/node-type.js';
import { PythonKind } from '../node-types/python/kind.js';
import type { Listing } from '../node-types/registry/registry.js';
import { NodeTypes } from '../node-types/registry/registry.js';
import { traceSettings } from '../observe/tracing/settings.js';
import type { SpareKind } from '../python/spare/pool.js';
import type { ManifestOptions, RunOutcome, RuntimeEvents, RuntimeOptions } from './api.js';
import { buildGraph, type MakeOptions, makeNode } from './build.js';
import { type ChangeOptions, type GraphChange, GraphChanges } from './changes.js';
import { sourcesOf, type Wiring } from './completion.js';
import { GraphEnd } from './graph-end.js';
import { Host, type HostLease } from './host.js';
import { LiveGraph } from './live-graph.js';
import { LiveManifest } from './live-manifest.js';
import { readManifest } from './manifest-file.js';
import { type NoOutput, noOutput } from './no-output.js';
import { prepareGraph } from './prepare/graph.js';
import { prepareNode } from './prepare/node.js';
import { filesOf } from './reload.js';
import { runtimeStats } from './runtime-stats.js';
import { StarvationWatch, type WatchedOutput } from './starvation.js';

const newId = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);
const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * Runs one graph, once: `start()`, then `stop()`, also after `outcome` has settled by itself.
 * A node that fails is told by `node` and in the stats; the rest of the graph goes on.
 */
export class Runtime extends EventEmitter<RuntimeEvents> {
  /** Names this run: 12 letters and digits. */
  readonly id = newId();
  /** The name of the graph; `graph` by default. */
  readonly name: string;
  /** Where its log is written, in the state directory. */
  readonly logFile: string;
  /** Where a control server of this runtime listens; told to the broker at the start. */
  apiAddress = '';
  /** Settles when the graph has come to its end or was stopped; never rejects. `stop()` is still due. */
  readonly outcome: Promise<RunOutcome>;
  private readonly options: RuntimeOptions;
  private readonly known: NodeTypes;
  private readonly nodes: NodeSpec[] = [];
  private readonly connections: ConnectionSpec[] = [];
  private readonly abort = new AbortController();
  private readonly failures = new Map<string, string>();
  private readonly manifest: LiveManifest;
  private current: RuntimeState = 'created';
  private sink: LogSink | null = null;
  private host: HostLease | null = null;
  private live: LiveGraph;
  private changes: GraphChanges | null = null;
  /** Changes that `add()` and `connect()` have begun. */
  private pending: Promise<void> = Promise.resolve();
  private readonly end: GraphEnd;
  private comingUp: Promise<void> = Promise.resolve();
  private starvation: StarvationWatch | null = null;
  private stopping: Promise<void> | null = null;
  private startedAt = 0;
  private stoppedAt = 0;
  private unwatchLoop: () => void = () => {};
  private settle: (outcome: RunOutcome) => void = () => {};

  /**
   * @param options - The defaults where nothing is given.
   */
  constructor(options: RuntimeOptions = {}) {
    super();
    this.options = options;
    this.name = options.name ?? 'graph';
    this.live = new LiveGraph(this.name);
    this.known = new NodeTypes({
      folder: this.baseDir,
      python: new PythonKind(() => this.host?.spares),
    });
    this.manifest = new LiveManifest(this.name, (nodes) => filesOf(nodes, this.baseDir, this.known));
    this.end = new GraphEnd(
      () => this.wiring,
      () => this.current === 'running',
      (how) => this.settle(this.outcomeOf(how)),
    );
    this.logFile = join(stateDir(), 'logs', `${this.id}.log`);
    // Each node that comes up listens, and a graph may have any number of them.
    setMaxListeners(0, this.abort.signal);
    this.outcome = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /**
   * Reads a manifest. Its mistakes are told by `start()`, all of them at once, as a `ManifestError`.
   *
   * @param path - The file of the manifest, YAML or JSON.
   * @param options - `overrides` of parameters, and how the runtime behaves.
   * @throws {@link StreamlibError} `graph` if the file cannot be read, `config` for an override that has no meaning.
   */
  static async fromManifest(path: string, options: ManifestOptions = {}): Promise<Runtime> {
    const manifest = readManifest(path);
    const overrides = (options.overrides ?? []).map(parseOverride);
    const runtime = new Runtime({ name: manifest.spec.name, baseDir: manifest.folder, ...options });
    runtime.manifest.use(manifest, overrides);
    runtime.nodes.push(...manifest.spec.nodes);
    runtime.connections.push(...manifest.spec.connections);
    return runtime;
  }

  /** What it is doing. */
  get state(): RuntimeState {
    return this.current;
  }

  /**
   * Adds a node: of a type known by name, or of a definition of your own. Also while the graph runs: `settled()` then tells
   * what came of it.
   *
   * @param id - The id of the node.
   * @param type - The name of a type, or a definition of your own.
   * @param params - What the type takes; none by default.
   * @returns This runtime.
   */
  add(id: string, type: string | ProcessorDefinition, params: Readonly<Record<string, unknown>> = {}): this {
    this.begin(this.addNode(id, type, params));
    return this;
  }

  /**
   * Makes a definition, or a type of any kind, known by its name, for manifests that use it.
   *
   * @param type - The type.
   * @returns This runtime.
   */
  register(type: ProcessorDefinition | NodeType): this {
    if ('kind' in type) this.known.add(type);
    else this.known.register(type);
    return this;
  }

  /**
   * Joins `node.port` to `node.port`; a port may be left out where a node has only one.
   *
   * @param from - The output: `node.port`, or `node` where it has only one.
   * @param to - The input, likewise.
   * @param options - `delivery`, `queue`, `keep` and `direct` of the connection; what the input declares by default.
   * @returns This runtime.
   */
  connect(
    from: string,
    to: string,
    options: { delivery?: Delivery; queue?: number; keep?: number; direct?: boolean } = {},
  ): this {
    this.begin(this.connectPorts(from, to, options));
    return this;
  }

  /**
   * Adds a node; while the graph runs, settles when it is in flow. A node that does not come up is not added: rejects with why.
   *
   * @param id - The id of the node.
   * @param type - The name of a type, or a definition of your own.
   * @param params - What the type takes; none by default.
   * @param options - A signal to give up; none by default.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async addNode(
    id: string,
    type: string | ProcessorDefinition,
    params: Readonly<Record<string, unknown>> = {},
    options: ChangeOptions = {},
  ): Promise<void> {
    const spec = this.nodeSpec(id, type, params);
    if (this.current === 'created') this.nodes.push(spec);
    else await (await this.running()).add(spec, options);
  }

  /**
   * Takes a node out, with its connections.
   *
   * @param id - The id of the node.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async removeNode(id: string): Promise<void> {
    await (await this.running()).remove(id);
  }

  /**
   * New code or a new type takes a node's place, between two frames; its connections stay. When the new one does not come up,
   * or does not fit the connections, the old one goes on: rejects with why.
   *
   * @param id - The id of the node.
   * @param type - The name of a type, or a definition of your own.
   * @param params - What the type takes; none by default.
   * @param options - A signal to give up; none by default.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async replaceNode(
    id: string,
    type: string | ProcessorDefinition,
    params: Readonly<Record<string, unknown>> = {},
    options: ChangeOptions = {},
  ): Promise<void> {
    const spec = this.nodeSpec(id, type, params);
    await (await this.running()).replace(spec, options);
  }

  /**
   * Changes some of a node's parameters, as by `replaceNode`.
   *
   * @param id - The id of the node.
   * @param params - The parameters that change; the others stay.
   * @param options - A signal to give up; none by default.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async reconfigureNode(
    id: string,
    params: Readonly<Record<string, unknown>>,
    options: ChangeOptions = {},
  ): Promise<void> {
    const changes = await this.running();
    const spec = this.live.find(id)?.spec;
    const merged = { ...spec?.params, ...params };
    await changes.replace({ id, node_type: spec?.node_type ?? MISSING, params: merged }, options);
  }

  /**
   * Joins two ports.
   *
   * @param from - The output: `node.port`, or `node` where it has only one.
   * @param to - The input, likewise.
   * @param options - `delivery`, `queue`, `keep` and `direct` of the connection, and a signal to give up; what the input declares by
   *   default.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async connectPorts(
    from: string,
    to: string,
    options: { delivery?: Delivery; queue?: number; keep?: number; direct?: boolean } & ChangeOptions = {},
  ): Promise<void> {
    const { signal, ...how } = options;
    if (this.current === 'created') this.connections.push({ from, to, ...how });
    else await (await this.running()).connect({ from, to, ...how }, signal === undefined ? {} : { signal });
  }

  /**
   * Parts two ports, or everything that one of them is connected with: the other may be null.
   *
   * @param from - The output: `node.port`, or `node` where it has only one. Null: whatever feeds `to`.
   * @param to - The input, likewise. Null: everything that `from` feeds.
   * @throws {@link StreamlibError} `graph` with the reason; `state` if the runtime is not running.
   */
  async disconnectPorts(from: string | null, to: string | null): Promise<void> {
    await (await this.running()).disconnect(from, to);
  }

  /**
   * Reads the manifest again and changes what is different in it; what was changed by other means meanwhile stays. Rejects with
   * everything that could not be changed; the rest was. What could not is tried again by the next call. `files`: Python files
   * whose nodes are replaced in any case.
   *
   * @param path - The file of the manifest.
   * @param files - Python files whose nodes are replaced in any case; none by default.
   * @returns What was different.
   */
  reload(path: string, files: ReadonlySet<string> = new Set()): Promise<GraphDifference> {
    return this.manifest.reload(path, files, {
      running: () => this.running(),
      edits: this,
      has: (id) => this.live.find(id) !== undefined,
    });
  }

  /** The Python files that the manifest names, as it was last read; some may not run (yet). */
  get manifestFiles(): readonly string[] {
    return this.manifest.files;
  }

  private get baseDir(): string {
    return this.options.baseDir ?? process.cwd();
  }

  /** Settles when all that `add()` and `connect()` have begun while the graph runs has happened; rejects with the first that has not. */
  async settled(): Promise<void> {
    const { pending } = this;
    this.pending = Promise.resolve();
    await pending;
  }

  /**
   * The node types that can be added, as far as they are known without running code of theirs.
   *
   * @param signal - Gives up when it aborts.
   */
  types(signal?: AbortSignal): Promise<Listing> {
    return this.known.list(signal);
  }

  /**
   * A type by its name; its package is loaded.
   *
   * @param name - The name of the type.
   * @param signal - Gives up when it aborts.
   * @throws {@link StreamlibError} `graph` where there is no such type.
   */
  nodeType(name: string, signal?: AbortSignal): Promise<NodeType> {
    return this.known.mustFind(name, signal);
  }

  /** @internal For those who look at frames as they pass. */
  get liveGraph(): LiveGraph {
    return this.live;
  }

  /** The graph as it is now, with all parameters that were given and all paths absolute. */
  get graph(): GraphSpec {
    return this.current === 'created' ? this.spec() : this.live.spec;
  }

  /** Settles when every node has been started; Python processors come up in the background. Rejects if nothing could start. */
  start(): Promise<void> {
    this.mustBe('created', 'start');
    this.comingUp = this.comeUp();
    return this.comingUp.catch(async (thrown: unknown) => {
      await this.stop();
      throw toError(thrown);
    });
  }

  /** Stops every node and gives everything back. May be called at any time, more than once. */
  stop(): Promise<void> {
    this.stopping ??= this.goDown();
    return this.stopping;
  }

  /** The figures of this moment; also after the end. */
  stats(): RuntimeStats {
    const until = this.stoppedAt === 0 ? performance.now() : this.stoppedAt;
    return runtimeStats(this.live, {
      runtime_id: this.id,
      name: this.name,
      state: this.current,
      uptime_secs: this.startedAt === 0 ? 0 : Math.round(until - this.startedAt) / 1000,
    });
  }

  /** The ends of the graph at which nothing came out until now, and why; also after the end. Empty for a run that did its work. */
  noOutput(): NoOutput[] {
    return noOutput(this.stats().nodes, this.wiring.upstream);
  }

  private get wiring(): Wiring {
    return this.live.wiring;
  }

  /** In the order of the calls: a node is added before what is connected with it. */
  private begin(change: Promise<void>): void {
    const before = this.pending;
    this.pending = Promise.all([before, change]).then(() => {});
    // Told by settled(), or not at all.
    this.pending.catch(() => {});
  }

  /** A definition that is given is known from here on by its type. */
  private nodeSpec(
    id: string,
    type: string | ProcessorDefinition,
    params: Readonly<Record<string, unknown>>,
  ): NodeSpec {
    if (typeof type === 'string') return { id, node_type: type, params };
    this.known.register(type);
    return { id, node_type: type.type, params };
  }

  private async running(): Promise<GraphChanges> {
    if (this.current === 'created')
      throw new StreamlibError('state', 'the graph does not run yet: call start() first');
    await this.comingUp;
    this.mustGoOn();
    if (this.changes === null) throw new StreamlibError('state', `the runtime is ${this.current}`);
    return this.changes;
  }

  private async comeUp(): Promise<void> {
    this.become('preparing');
    this.startedAt = performance.now();
    const log = this.openLog();
    log.info(`runtime ${this.name} starts`, { pid: process.pid, version: VERSION });
    this.unwatchLoop = loop.watch((tick, activity) => {
      const held = describeHold(tick, activity);
      if (held !== null) log.warn(held);
    });
    const progress = (message: string) => {
      log.info(message);
      this.emit('progress', message);
    };
    const traces = traceSettings(this.options.traces, process.env);
    for (const warning of traces.warnings) log.warn(warning);
    const { signal } = this.abort;
    const info = {
      id: this.id,
      name: this.name,
      pid: process.pid,
      logFile: this.logFile,
      apiAddress: this.apiAddress,
      version: VERSION,
    };
    const host = Host.use(this.options.host, {
      use: 'run',
      log,
      wishes: this.options,
      settingsFolder: this.baseDir,
    });
    this.host = host;
    host.warm(this.sparesAtOnce());
    // The broker and the Python environment have nothing to do with each other.
    const [session, prepared] = await allOrNone(this.abort, [
      host.openSession(info, { onProgress: progress, signal }),
      prepareGraph(this.spec(), {
        types: this.known,
        folder: this.baseDir,
        overrides: this.manifest.overrides,
        onProgress: progress,
        signal,
      }),
      host.openTracing(traces.on, this),
    ]);
    this.manifest.refuse([...this.manifest.issues, ...prepared.issues]);
    this.mustGoOn();
    const making: MakeOptions = {
      runtimeId: this.id,
      broker: session,
      log,
      logLevel: this.options.logLevel ?? 'info',
      resources: host,
    };
    const listener: NodeListener = {
      stateChanged: (node, state, message, error) => this.nodeChanged(node, state, message, error),
    };
    this.live = buildGraph(this.spec(), prepared, {
      ...making,
      direct: this.options.direct ?? true,
      listener,
    });
    this.wiringChanged();
    await Promise.all(this.wiring.nodes.map((node) => node.setup()));
    this.mustGoOn();
    this.become('running');
    // Readers before writers, so that a source's first frame finds them all.
    const sources = new Set(sourcesOf(this.wiring));
    await Promise.all(this.wiring.nodes.filter((node) => !sources.has(node)).map((node) => node.start()));
    this.mustGoOn();
    await Promise.all([...sources].map((node) => node.start()));
    this.mustGoOn();
    this.starvation = new StarvationWatch(() => this.watchedOutputs(), log);
    this.changes = new GraphChanges({
      graph: this.live,
      listener,
      prepare: (spec, how) => this.prepareOne(spec, how),
      make: (node) => makeNode(node, making),
      signal: this.abort.signal,
      mustRun: () => this.mustGoOn(),
      changed: (change) => this.graphChanged(change),
    });
  }

  /** Outputs whose memory is this process's, with those that read them. */
  private *watchedOutputs(): Iterable<WatchedOutput> {
    const { nodes, links } = this.live;
    for (const { node } of nodes) {
      if (node.process !== null) continue;
      for (const output of node.outputs.values()) {
        const holders = () =>
          links
            .filter(({ from }) => from.node === node.id && from.port === output.name)
            .map(({ to }) => ({ node: to.node, held: this.live.find(to.node)?.node.stats().leases ?? null }));
        yield { node: node.id, output, holders };
      }
    }
  }

  /** Which processes will be wanted in any case, so that they may be started already. */
  private sparesAtOnce(): SpareKind[] {
    const kinds: SpareKind[] = [];
    // A graph that is changed while it runs may get code from outside at any moment.
    if (this.options.live === true) kinds.push('confined');
    const { python } = this.known;
    if (this.nodes.some(({ node_type }) => this.known.registered(node_type)?.kind === python))
      kinds.push('plain');
    return kinds;
  }

  private async prepareOne(spec: NodeSpec, { signal: stop, ...how }: ChangeOptions) {
    const signal = stop === undefined ? this.abort.signal : AbortSignal.any([this.abort.signal, stop]);
    const found = await prepareNode(spec, {
      overrides: [],
      ...how,
      types: this.known,
      folder: this.baseDir,
      onProgress: (message) => this.logger?.info(message),
      signal,
    });
    if (this.options.tryOut === true && found.prepared.failure === null) {
      const wrong = (await found.prepared.tryOut?.(signal)) ?? [];
      if (wrong.length > 0)
        throw new StreamlibError('python_file', wrong.map(({ message }) => message).join('\n'));
    }
    return found;
  }

  private graphChanged(change: GraphChange): void {
    this.wiringChanged();
    if ('node' in change && change.change !== 'added') this.failures.delete(change.node);
    this.logger?.info(
      'node' in change
        ? `node ${change.node} ${change.change}`
        : `${change.from} ${change.change} ${change.change === 'connected' ? 'to' : 'from'} ${change.to}`,
    );
    this.emit('change', change);
  }

  private wiringChanged(): void {
    this.end.graphChanged();
    const tracing = this.host?.tracing;
    if (tracing === undefined) return;
    tracing.from(
      new Set(sourcesOf(this.wiring).map(({ id }) => id)),
      new Set(this.live.fedDirectly.map(({ spec: { id } }) => id)),
    );
  }

  private async goDown(): Promise<void> {
    const wasUp = this.current !== 'created';
    this.become('stopping');
    this.abort.abort();
    this.starvation?.close();
    this.end.stop();
    // One that is under way ends by itself now: it would otherwise bring up a node that nobody stops.
    await this.changes?.ended();
    // Sources first, so that what they had sent still gets to its end.
    await Promise.all(sourcesOf(this.wiring).map((node) => node.stop()));
    await this.end.workedOff();
    await Promise.all(this.wiring.nodes.map((node) => node.stop()));
    // What `start()` still waits for was told to stop as well; it opens nothing after this.
    await this.comingUp.catch(() => {});
    await this.host?.close();
    this.stoppedAt = performance.now();
    if (wasUp) this.logger?.info('runtime stopped');
    this.unwatchLoop();
    await this.sink?.close();
    this.sink = null;
    this.become('stopped');
    this.settle(this.outcomeOf('stopped'));
  }

  private nodeChanged(node: GraphNode, state: NodeState, message?: string, error?: Error): void {
    if (state === 'failed') this.failures.set(node.id, message ?? 'failed');
    this.emit('node', {
      node: node.id,
      state,
      ...(message !== undefined && { message }),
      ...(error !== undefined && { error }),
    });
    if (this.options.live === true) return;
    if ((state === 'finished' || state === 'failed') && this.stopping === null) this.end.lookOut();
  }

  private outcomeOf(reason: RunOutcome['reason']): RunOutcome {
    return { reason, failures: [...this.failures].map(([node, message]) => ({ node, message })) };
  }

  private spec(): GraphSpec {
    return { name: this.name, nodes: this.nodes, connections: this.connections };
  }

  private get logger(): Logger | undefined {
    return this.sink?.logger;
  }

  private openLog(): Logger {
    const least = LEVELS.indexOf(this.options.logLevel ?? 'info');
    this.sink = openLog(this.logFile, this.id, (level, processor, message) => {
      if (LEVELS.indexOf(level) >= least) this.emit('log', { time: Date.now(), level, processor, message });
    });
    return this.sink.logger;
  }

  private become(state: RuntimeState): void {
    if (this.current === state) return;
    this.current = state;
    this.emit('state', state);
  }

  private mustBe(state: RuntimeState, what: string): void {
    if (this.current !== state)
      throw new StreamlibError('state', `cannot ${what}: the runtime is ${this.current}; make a new one`);
  }

  private mustGoOn(): void {
    if (this.stopping !== null)
      throw new StreamlibError('stopped', 'the runtime was stopped while it started');
  }
}
