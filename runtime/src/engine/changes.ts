import { suggestion } from '../base/nearest.js';
import { StreamlibError } from '../base/streamlib-error.js';
import type { Override } from '../graph/config/overrides.js';
import { nameOf, refOf, sameRef } from '../graph/ref.js';
import type { ConnectionSpec, NodeSpec } from '../graph/spec.js';
import type { NodeListener } from '../node/node.js';
import type { PreparedNode } from '../node-types/node-type.js';
import type { DeclaredProcessor } from '../python/declared.js';
import { Handover } from './handover.js';
import type { LiveGraph, LiveLink, RegisteredNode } from './live-graph.js';
import { Locks } from './locks.js';
import { asLinked } from './prepare/as-linked.js';

/** What was changed in a running graph. */
export type GraphChange =
  | { readonly change: 'added' | 'removed' | 'replaced'; readonly node: string }
  | { readonly change: 'connected' | 'disconnected'; readonly from: string; readonly to: string };

/** How a change is made. */
export interface ChangeOptions {
  /** Gives up; what had been begun is undone. */
  readonly signal?: AbortSignal;
  /** @internal `--set` of a command line, for nodes that a manifest describes. */
  readonly overrides?: readonly Override[];
  /** @internal What the node's Python file declares, where somebody has looked already. */
  readonly inspected?: readonly DeclaredProcessor[];
}

/** What the changes need of the runtime. */
export interface ChangeContext {
  readonly graph: LiveGraph;
  readonly listener: NodeListener;
  /** Finds out what a node needs. Throws everything that is wrong with it. */
  prepare(spec: NodeSpec, options: ChangeOptions): Promise<Omit<RegisteredNode, 'node' | 'registration'>>;
  make(prepared: PreparedNode): Pick<RegisteredNode, 'node' | 'registration'>;
  /** Aborts when the runtime is being stopped. */
  readonly signal: AbortSignal;
  /** Throws when the runtime is being stopped. */
  mustRun(): void;
  changed(change: GraphChange): void;
}

const ADD_LIMIT_MS = 300_000;
/** Held while connections are moved; always after a node's own lock, never before. No node has this name. */
const WIRES = '*';

/**
 * Changes of a running graph. Each either happens or leaves everything as it was, and nothing but the nodes it names notices more
 * than a gap. Changes of the same node wait for each other.
 */
export class GraphChanges {
  private readonly locks = new Locks();
  private readonly under = new Set<Promise<unknown>>();

  constructor(private readonly context: ChangeContext) {}

  /** Settles when no change is under way. */
  async ended(): Promise<void> {
    while (this.under.size > 0) await Promise.allSettled(this.under);
  }

  private change<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const done = this.locks.hold(names, work);
    this.under.add(done);
    const forget = () => void this.under.delete(done);
    done.then(forget, forget);
    return done;
  }

  add(spec: NodeSpec, options: ChangeOptions = {}): Promise<void> {
    return this.change([spec.id], async () => {
      const { graph } = this.context;
      this.context.mustRun();
      if (graph.find(spec.id) !== undefined)
        throw new StreamlibError(
          'graph',
          `there is a node "${spec.id}" already; choose another id, or replace that node`,
        );
      const registered = await this.raise(spec, options);
      this.take(registered);
      await registered.node.start();
      const { failure } = registered.node.stats();
      if (failure !== null) {
        await this.drop(registered);
        throw new StreamlibError('graph', `${spec.id}: ${failure}`);
      }
      this.context.changed({ change: 'added', node: spec.id });
    });
  }

  remove(id: string): Promise<void> {
    return this.change([id], async () => {
      const { graph } = this.context;
      this.context.mustRun();
      const registered = this.known(id);
      await this.locks.hold([WIRES], async () => {
        for (const link of graph.linksOf(id)) this.cut(link);
      });
      await this.drop(registered);
      this.context.changed({ change: 'removed', node: id });
    });
  }

  replace(spec: NodeSpec, options: ChangeOptions = {}): Promise<void> {
    return this.change([spec.id], () => this.exchange(spec, [], options));
  }

  connect(spec: ConnectionSpec, options: ChangeOptions = {}): Promise<void> {
    const ends = [refOf(spec.from).node, refOf(spec.to).node];
    return this.change([...new Set(ends)], async () => {
      const { graph } = this.context;
      this.context.mustRun();
      for (const id of ends) this.usable(id);
      const link = graph.resolve([...graph.links.map((other) => other.spec), spec]).at(-1);
      if (link?.resolved == null)
        throw new StreamlibError('graph', `${spec.from} → ${spec.to} leads nowhere`);
      const named = { ...link, spec: { ...spec, from: nameOf(link.from), to: nameOf(link.to) } };
      await this.makeReady(named, options);
      await this.locks.hold([WIRES], async () => {
        this.context.mustRun();
        graph.addLink(named);
        graph.join(named);
      });
      this.context.changed({ change: 'connected', from: named.spec.from, to: named.spec.to });
    });
  }

  /** Of an input, what feeds it; of an output alone, everything that it feeds. */
  disconnect(from: string | null, to: string | null): Promise<void> {
    const ends = [from, to].filter((end) => end !== null).map((end) => refOf(end).node);
    return this.change([...new Set(ends)], async () => {
      const { graph } = this.context;
      this.context.mustRun();
      for (const id of ends) this.known(id);
      const links = graph.links.filter((link) => matches(from, link.from) && matches(to, link.to));
      if (links.length === 0) {
        const there = graph.links.map((link) => `${nameOf(link.from)} → ${nameOf(link.to)}`);
        throw new StreamlibError(
          'graph',
          `there is no connection ${from ?? 'anything'} → ${to ?? 'anything'}; there are: ${there.join(', ') || 'none'}`,
        );
      }
      await this.locks.hold([WIRES], async () => {
        for (const link of links) this.cut(link);
      });
    });
  }

  private async drop({ spec, node, registration }: RegisteredNode): Promise<void> {
    await node.stop();
    registration.retire();
    this.context.graph.unseat(spec.id);
  }

  private cut(link: LiveLink): void {
    const { graph } = this.context;
    graph.part(link);
    graph.removeLink(link);
    this.context.changed({ change: 'disconnected', from: nameOf(link.from), to: nameOf(link.to) });
  }

  /** An input whose delivery is to be another one, and an output that is to wait for its reader, may have to be made anew. */
  private async makeReady(link: LiveLink, options: ChangeOptions): Promise<void> {
    const { graph } = this.context;
    const { resolved } = link;
    if (resolved === null) return;
    const input = graph.input(link.to);
    if (input !== undefined && !input.adapt(resolved.delivery, resolved.queue))
      await this.exchange(this.known(link.to.node).spec, [link], options);
    // Two processes between themselves need nothing of the runtime's.
    if (graph.directEnds(link) !== null) return;
    const output = graph.output(link.from);
    if (output !== undefined && resolved.delivery === 'lossless' && !output.canWait)
      await this.exchange(this.known(link.from.node).spec, [link], options);
  }

  /** Puts a new node in the place of one. `more` are connections that it is to be made for besides those that it has. */
  private async exchange(spec: NodeSpec, more: readonly LiveLink[], options: ChangeOptions): Promise<void> {
    const { graph } = this.context;
    this.context.mustRun();
    const old = this.known(spec.id);
    const found = await this.context.prepare(spec, options);
    const others = graph.links.map((link) => link.spec);
    const resolved = graph.resolve([...others, ...more.map((link) => link.spec)], {
      id: spec.id,
      ports: found.declared,
    });
    const prepared = asLinked(
      found.prepared,
      resolved.flatMap((link) => link.resolved ?? []),
    );
    const handover = new Handover(graph, this.context.listener, old, resolved, (work) =>
      this.locks.hold([WIRES], work),
    );
    const blocking = resolved
      .filter((link) => link.resolved?.delivery === 'lossless')
      .map((link) => link.from);
    const make = () => {
      const made = this.context.make(prepared);
      for (const ref of blocking) {
        if (ref.node === spec.id) made.node.outputs.get(ref.port)?.expectLossless();
      }
      return { ...found, prepared, ...made };
    };
    const again = () => ({ ...old, ...this.context.make(old.prepared) });
    const beside = prepared.failure === null && prepared.setUpTakesTime;
    if (beside || old.node.setUpTakesTime) await handover.whileItRuns(() => this.untilReady(make(), options));
    else await handover.afterIt(() => this.untilReady(make(), options), again);
    this.context.changed({ change: 'replaced', node: spec.id });
  }

  /** Prepares, makes and sets up a node that the graph does not know yet. */
  private async raise(spec: NodeSpec, options: ChangeOptions): Promise<RegisteredNode> {
    const found = await this.context.prepare(spec, options);
    this.context.mustRun();
    return this.untilReady({ ...found, ...this.context.make(found.prepared) }, options);
  }

  /** Settles when the node could take frames; one that cannot is stopped and told with what it said. */
  private async untilReady(registered: RegisteredNode, options: ChangeOptions): Promise<RegisteredNode> {
    const { node, registration } = registered;
    try {
      const signals = [this.context.signal, ...(options.signal === undefined ? [] : [options.signal])];
      await cameUp(registered, AbortSignal.any(signals));
      this.context.mustRun();
      return registered;
    } catch (error) {
      await node.stop();
      const message = error instanceof Error ? error.message : String(error);
      const said = registration.lines.filter(
        (line) => !message.includes(line.replace(/^failed: /, '')) && !line.includes(message),
      );
      throw new StreamlibError(
        error instanceof StreamlibError ? error.code : 'subprocess',
        [`${registered.spec.id}: ${message}`, ...(said.length > 0 ? ['it said:', ...said] : [])].join('\n'),
        { cause: error },
      );
    }
  }

  private take(registered: RegisteredNode): void {
    this.context.graph.register(registered);
    registered.registration.activate(this.context.listener);
    this.context.listener.stateChanged(registered.node, registered.node.state);
  }

  private known(id: string): RegisteredNode {
    const { graph } = this.context;
    const registered = graph.find(id);
    if (registered === undefined) {
      const ids = graph.nodes.map(({ spec }) => spec.id);
      throw new StreamlibError('graph', `there is no node "${id}"${suggestion(id, ids)}`);
    }
    return registered;
  }

  private usable(id: string): void {
    const { node, declared } = this.known(id);
    if (declared === null)
      throw new StreamlibError(
        'graph',
        `node "${id}" has failed, so its ports are not known: ${node.stats().failure}; replace or remove it`,
      );
  }
}

/** Waits for a fresh node: set up (and, where it is a process of its own, in flow). Rejects at its first failure. */
function cameUp({ node, registration }: RegisteredNode, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = false;
    const settle = (act: () => void) => {
      if (done) return;
      done = true;
      clearTimeout(limit);
      unwatch();
      signal.removeEventListener('abort', aborted);
      act();
    };
    const fail = (message: string) => settle(() => reject(new StreamlibError('subprocess', message)));
    const aborted = () =>
      settle(() => reject(new StreamlibError('stopped', 'given up before the node was ready')));
    const limit = setTimeout(() => fail(`was not ready after ${ADD_LIMIT_MS / 1000} s`), ADD_LIMIT_MS);
    const unwatch = registration.watch((state, message) => {
      if (state === 'failed' || state === 'waiting') fail(message ?? 'failed');
      else if (state === 'running' || state === 'finished') settle(resolve);
      else if (state === 'stopped') fail('was stopped');
    });
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
    void node.setup().then(() => {
      if (!node.setUpTakesTime) settle(resolve);
    });
  });
}

function matches(end: string | null, ref: { node: string; port: string }): boolean {
  if (end === null) return true;
  const wanted = refOf(end);
  return wanted.port === '' ? wanted.node === ref.node : sameRef(wanted, ref);
}
