import { StreamlibError } from '../base/streamlib-error.js';
import type { OutputPort } from '../flow/output-port.js';
import type { NodePorts } from '../graph/ports.js';
import { type PortRef, refOf } from '../graph/ref.js';
import { type ResolvedLink, resolveLinks } from '../graph/resolve.js';
import type { ConnectionSpec, GraphSpec, NodeSpec } from '../graph/spec.js';
import type { GraphNode, NodeInput, ProcessSide } from '../node/node.js';
import type { PreparedNode } from '../node-types/node-type.js';
import type { Wiring } from './completion.js';
import type { NodeRegistration } from './node-registration.js';
import { RetiredCounters } from './retired-counters.js';

/** A node of the running graph, with what it was made from. */
export interface RegisteredNode {
  readonly spec: NodeSpec;
  readonly prepared: PreparedNode;
  /** As its type declares them, before connections ask for another delivery; null for a node that could not be prepared. */
  readonly declared: NodePorts | null;
  readonly node: GraphNode;
  readonly registration: NodeRegistration;
}

export interface LiveLink {
  readonly spec: ConnectionSpec;
  readonly from: PortRef;
  readonly to: PortRef;
  /** Null while one of its ends could not be prepared: nothing flows. */
  readonly resolved: ResolvedLink | null;
}

/** What is connected with what at the moment. Every change here is made at once, between two frames. */
export class LiveGraph {
  private readonly registered = new Map<string, RegisteredNode>();
  private list: readonly LiveLink[] = [];
  private known: Wiring | null = null;
  readonly retired = new RetiredCounters();

  constructor(
    readonly name: string,
    /** Whether frames go straight from one Python process to another, where they can. */
    private readonly direct = true,
  ) {}

  get wiring(): Wiring {
    this.known ??= this.look();
    return this.known;
  }

  get links(): readonly LiveLink[] {
    return this.list;
  }

  get nodes(): readonly RegisteredNode[] {
    return [...this.registered.values()];
  }

  get spec(): GraphSpec {
    return {
      name: this.name,
      nodes: this.nodes.map(({ spec }) => spec),
      connections: this.list.map(({ spec }) => spec),
    };
  }

  find(id: string): RegisteredNode | undefined {
    return this.registered.get(id);
  }

  linksOf(id: string): LiveLink[] {
    return this.list.filter((link) => link.from.node === id || link.to.node === id);
  }

  /** The connection that feeds an input. */
  feeding(to: PortRef): LiveLink | undefined {
    return this.list.find((link) => link.to.node === to.node && link.to.port === to.port);
  }

  output(ref: PortRef): OutputPort | undefined {
    return this.registered.get(ref.node)?.node.outputs.get(ref.port);
  }

  input(ref: PortRef): NodeInput | undefined {
    return this.registered.get(ref.node)?.node.inputs.get(ref.port);
  }

  /** Puts a node in its place; one that had it leaves, unconnected. */
  register(node: RegisteredNode): void {
    this.registered.set(node.spec.id, node);
    this.known = null;
  }

  unseat(id: string): void {
    const node = this.registered.get(id)?.node;
    if (node !== undefined) this.retired.remove(node);
    this.registered.delete(id);
    this.known = null;
  }

  addLink(link: LiveLink): void {
    this.list = [...this.list, link];
    this.known = null;
  }

  removeLink(link: LiveLink): void {
    this.list = this.list.filter((other) => other !== link);
    this.known = null;
  }

  replaceLink(link: LiveLink, by: LiveLink): void {
    this.list = this.list.map((other) => (other === link ? by : other));
    this.known = null;
  }

  /** Frames of the link flow from here on, if both its ends are there. */
  join(link: LiveLink): void {
    const output = this.output(link.from);
    const input = this.input(link.to);
    if (output === undefined || input === undefined) return;
    const direct = this.directEnds(link);
    if (direct !== null) {
      direct.from.linkTo(link.from.port, direct.to, link.to.port);
      return;
    }
    input.bind(output);
    output.connect(input);
  }

  /** The two processes between which the frames of a link go straight; null where they pass the runtime. `to`: one that is to take the reader's place. */
  directEnds(
    link: LiveLink,
    to = this.registered.get(link.to.node)?.node,
  ): { readonly from: ProcessSide; readonly to: GraphNode } | null {
    const from = this.registered.get(link.from.node)?.node.process ?? null;
    if (!this.direct || link.resolved?.direct !== true || from === null || to === undefined) return null;
    return from.reaches(to) ? { from, to } : null;
  }

  /** Nodes whose frames all come straight from other processes: the runtime sees none of them. */
  get fedDirectly(): readonly RegisteredNode[] {
    return this.nodes.filter(({ spec: { id } }) => {
      const into = this.links.filter(({ to }) => to.node === id);
      return into.length > 0 && into.every((link) => this.directEnds(link) !== null);
    });
  }

  /** Returns the sender of frames that did not pass the runtime: some may still be on their way. */
  part(link: LiveLink): ProcessSide | null {
    const output = this.output(link.from);
    const input = this.input(link.to);
    if (output === undefined || input === undefined) return null;
    const from = this.registered.get(link.from.node)?.node.process;
    const to = this.registered.get(link.to.node)?.node;
    if (from != null && to !== undefined && from.unlink(link.from.port, to, link.to.port)) return from;
    output.disconnect(input);
    input.bind(null);
    return null;
  }

  /**
   * Resolves connections as if they and no others were there; `other` are the ports of a node that is not registered (yet).
   * Throws everything that is wrong.
   */
  resolve(
    connections: readonly ConnectionSpec[],
    other?: { id: string; ports: NodePorts | null },
  ): LiveLink[] {
    const ports = new Map<string, NodePorts | null>(
      this.nodes.map(({ spec, declared }) => [spec.id, declared]),
    );
    if (other !== undefined) ports.set(other.id, other.ports);
    const nodes = [...ports.keys()].map((id) => ({ id, node_type: 'any', params: {} }));
    const { links, issues } = resolveLinks({ name: this.name, nodes, connections }, ports);
    if (issues.length > 0)
      throw new StreamlibError('graph', [...new Set(issues.map(({ message }) => message))].join('\n'), {
        reason: issues.find(({ reason }) => reason)?.reason,
      });
    return connections.map((spec, index) => {
      const resolved = links.find((link) => link.index === index) ?? null;
      return {
        spec,
        from: resolved?.from ?? refOf(spec.from),
        to: resolved?.to ?? refOf(spec.to),
        resolved,
      };
    });
  }

  private look(): Wiring {
    const upstream = new Map<string, Set<string>>();
    // A node whose counterpart could not be prepared is fed by nobody, but that does not make it a source.
    for (const { from, to } of this.list) {
      upstream.set(to.node, (upstream.get(to.node) ?? new Set()).add(from.node));
    }
    return { nodes: this.nodes.map(({ node }) => node), upstream };
  }
}
