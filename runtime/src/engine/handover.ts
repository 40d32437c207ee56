import { setTimeout as pause } from 'node:timers/promises';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import { within } from '../base/within.js';
import { nameOf } from '../graph/ref.js';
import type { HeldLink, NodeListener, ProcessSide } from '../node/node.js';
import { isOver } from '../node/node.js';
import type { LiveGraph, LiveLink, RegisteredNode } from './live-graph.js';
import { Pause } from './pause.js';

/** How long a node may take to finish the frames that it has when another takes its place. */
const LAST_FRAMES_MS = 500;
const LOOK_AGAIN_MS = 1;

/**
 * One node takes the place of another, between two frames: what comes meanwhile waits as it would in the input's queue, the old one
 * finishes what it has, and what it sent arrives before anything of the new one's.
 */
export class Handover {
  private readonly senders: ProcessSide[] = [];
  /** From other processes straight to the new node, as soon as the old one has finished. */
  private readonly held: HeldLink[] = [];

  constructor(
    private readonly graph: LiveGraph,
    private readonly listener: NodeListener,
    private readonly old: RegisteredNode,
    /** The connections as they will be. */
    private readonly resolved: readonly LiveLink[],
    /** Keeps connections from being changed by others meanwhile. */
    private readonly alone: (work: () => Promise<void>) => Promise<void>,
  ) {}

  /** For processes of their own: the new one gets ready while the old one works. When it fails, nothing has happened. */
  async whileItRuns(raise: () => Promise<RegisteredNode>): Promise<void> {
    const next = await raise();
    await this.alone(async () => {
      const waiting = this.hold(next);
      await this.lastFrames();
      this.exchange(next);
      await next.node.start();
      this.resume(next, waiting);
    });
    await this.old.node.stop();
    this.graph.retired.left(this.old.node);
  }

  /**
   * For processors of this process, which may need what the old one has (a device, a port of the network): the old one stops first.
   * When the new one fails, one like the old is made again.
   */
  afterIt(raise: () => Promise<RegisteredNode>, again: () => RegisteredNode): Promise<void> {
    return this.alone(() => this.oneAfterTheOther(raise, again));
  }

  private async oneAfterTheOther(
    raise: () => Promise<RegisteredNode>,
    again: () => RegisteredNode,
  ): Promise<void> {
    const waiting = this.hold(this.old);
    await this.lastFrames();
    this.old.registration.retire();
    await this.old.node.stop();
    let next: RegisteredNode;
    let failure: Error | null = null;
    try {
      next = await raise();
    } catch (error) {
      failure = toError(error);
      next = again();
      await next.node.setup();
    }
    this.exchange(next);
    this.graph.retired.left(this.old.node);
    await next.node.start();
    this.resume(next, waiting);
    if (failure === null) return;
    const lost = isOver(next.node.state);
    const what = lost ? ', and the old one did not come up again' : '; the old one goes on';
    throw new StreamlibError('graph', `${failure.message}${what}`, {
      cause: failure,
      reason: lost ? 'old_not_back' : 'old_kept',
    });
  }

  private incoming(): LiveLink[] {
    const { id } = this.old.spec;
    return this.graph.links.filter((link) => link.to.node === id && link.from.node !== id);
  }

  private asResolved(link: LiveLink): LiveLink {
    const by = this.resolved.find(({ spec }) => spec === link.spec);
    if (by === undefined || by.resolved === null) return link;
    const { from, to } = by;
    return { ...by, spec: { ...link.spec, from: nameOf(from), to: nameOf(to) } };
  }

  /** What comes from here on waits. */
  private hold(next: RegisteredNode): Map<string, Pause> {
    const waiting = new Map<string, Pause>();
    for (const link of this.incoming()) {
      // Which ports are meant may not have been known until now.
      const resolved = this.asResolved(link);
      const { from, to } = resolved;
      const kept = this.keepAtSender(link, resolved, next);
      if (kept !== null) {
        this.held.push(kept.link);
        this.senders.push(kept.sender);
        continue;
      }
      const output = this.graph.output(from);
      if (output === undefined) continue;
      const sender = this.graph.part(link);
      if (sender !== null) this.senders.push(sender);
      const input = next.prepared.ports?.inputs.get(to.port);
      const { delivery, queue } = input ?? { delivery: 'latest' as const, queue: 1 };
      waiting.set(to.port, new Pause(output, delivery, queue));
    }
    return waiting;
  }

  /** What came straight from another process waits there. Null: it does not, or the new one's will not. */
  private keepAtSender(
    link: LiveLink,
    resolved: LiveLink,
    next: RegisteredNode,
  ): { readonly link: HeldLink; readonly sender: ProcessSide } | null {
    const { node: old } = this.old;
    const ends = next === this.old ? null : this.graph.directEnds(resolved, next.node);
    if (ends === null) return null;
    const kept = ends.from.relink(
      resolved.from.port,
      { node: old, input: link.to.port },
      { node: ends.to, input: resolved.to.port },
    );
    return kept === null ? null : { link: kept, sender: ends.from };
  }

  private async lastFrames(): Promise<void> {
    const until = performance.now() + LAST_FRAMES_MS;
    while ((await this.hasFrames(until)) && !isOver(this.old.node.state) && performance.now() < until)
      await pause(LOOK_AGAIN_MS);
  }

  private async hasFrames(until: number): Promise<boolean> {
    if (!this.old.node.idle) return true;
    // What is on its way to it, then what it made of that: the answer comes behind its last frame.
    const own = this.old.node.process;
    for (const process of own === null ? this.senders : [...this.senders, own]) {
      // One that is busy answers when it is done, which may be never; every change of a connection waits meanwhile.
      const inFlight = await within(until - performance.now(), process.probe());
      if (inFlight === 'late') return true;
      if (inFlight !== null && (inFlight.waiting > 0 || (process === own && inFlight.busy))) return true;
    }
    return !this.old.node.idle;
  }

  /** Without a moment in which the graph has neither. */
  private exchange(next: RegisteredNode): void {
    const { id } = this.old.spec;
    const before = this.graph.linksOf(id);
    for (const link of before) if (link.from.node === id) this.graph.part(link);
    this.old.registration.retire(next.registration);
    this.graph.retired.leaves(this.old.node);
    this.graph.register(next);
    for (const link of before) {
      const now = this.asResolved(link);
      this.graph.replaceLink(link, now);
      if (now.from.node === id) this.graph.join(now);
    }
    next.registration.activate(this.listener);
    this.listener.stateChanged(next.node, next.node.state);
  }

  private resume(next: RegisteredNode, waiting: ReadonlyMap<string, Pause>): void {
    for (const [port, held] of waiting) held.end(next.node.inputs.get(port) ?? null);
    for (const link of this.held) link.letGo();
  }
}
