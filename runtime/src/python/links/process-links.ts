import type { ControlValue, Endpoint } from '@streamlib/host-bridge';
import { slotsFor } from '../../flow/slots.js';
import type { InFlight } from '../../node/quiescence.js';
import type { DirectLink, LinkEnd } from './direct-link.js';
import type { DirectReaders, LinkMessage } from './messages.js';
import type { Tally } from './tally.js';

/** All direct links of one node, and the subprocess that is at their end at the moment. */
export class ProcessLinks {
  private readonly out: { readonly output: string; readonly link: DirectLink }[] = [];
  private readonly into: DirectLink[] = [];
  /** Outputs that other subprocesses read, or did once. */
  private readonly known = new Set<string>();
  /** Those that have ended too: their last counts are yet to come. */
  private readonly counted = new Map<string, DirectLink>();
  private end: LinkEnd | null = null;
  private inFlight: InFlight = { busy: false, waiting: 0, sent: 0 };
  private round = 0;
  private probes = new Map<number, (inFlight: InFlight | null) => void>();

  /** Of links that came and went between the same two ports, which is the last one's. */
  private readonly turns = new Map<string, number>();

  constructor(readonly node: string) {}

  /** A name for the next link between two ports: not that of the one before, which may still have frames on its way. */
  nextId(between: string): string {
    const turn = (this.turns.get(between) ?? 1) ^ 1;
    this.turns.set(between, turn);
    return turn === 0 ? between : `${between}#2`;
  }

  addOut(output: string, link: DirectLink): void {
    this.out.push({ output, link });
    this.known.add(output);
    this.counted.set(link.options.id, link);
  }

  addIn(link: DirectLink): void {
    this.into.push(link);
  }

  removeOut(link: DirectLink): void {
    const at = this.out.findIndex((item) => item.link === link);
    if (at >= 0) this.out.splice(at, 1);
    link.removed();
  }

  removeIn(link: DirectLink): void {
    const at = this.into.indexOf(link);
    if (at >= 0) this.into.splice(at, 1);
    link.consumerGone(true);
  }

  find(output: string, reader: ProcessLinks, input: string): DirectLink | undefined {
    const found = this.out.find(
      ({ output: from, link }) =>
        from === output && link.options.to.port === input && reader.into.includes(link),
    );
    return found?.link;
  }

  /** A process that runs hears who reads an output now. */
  tellReaders(output: string, readers: { readonly blocking: boolean; readonly connected: boolean }): void {
    // Of any other, the runtime has all frames anyway.
    if (!this.known.has(output)) return;
    const direct = this.readersOf(output, readers);
    this.end?.control({
      type: 'link_readers',
      output,
      blocking: readers.blocking,
      host: direct?.host ?? true,
      links: [...(direct?.links ?? [])],
    });
  }

  /** A link that was added while the process runs. */
  join(link: DirectLink, as: 'producer' | 'consumer'): void {
    if (this.end === null) return;
    if (as === 'producer') link.producerReady(this.end);
    else link.consumerReady(this.end);
  }

  /** How many slots the pool of an output may have. */
  slotsOf(output: string, local: { readonly holds: number; readonly keeps?: number }): number {
    const direct = this.out.filter((item) => item.output === output);
    return slotsFor([
      local,
      ...direct.map(({ link: { options } }) => ({
        holds: options.window + options.queue,
        keeps: options.keep,
      })),
    ]);
  }

  /** What the process is told of an output that other subprocesses read. Null: none does. */
  readersOf(output: string, local: { readonly connected: boolean }): DirectReaders | null {
    const links = this.out.filter((item) => item.output === output).map(({ link }) => link);
    if (links.length === 0) return null;
    return {
      host: local.connected,
      links: links.map(({ settings }): Record<string, ControlValue> => settings),
    };
  }

  ready(end: LinkEnd): void {
    this.end = end;
    for (const { link } of this.out) link.producerReady(end);
    for (const link of this.into) link.consumerReady(end);
  }

  /** The process is gone; `over`: there will be no other. */
  gone(over: boolean): void {
    this.end = null;
    for (const { link } of this.out) link.producerGone();
    for (const link of this.into) link.consumerGone(over);
    for (const answer of this.probes.values()) answer(null);
    this.probes.clear();
  }

  /** The node takes no more frames, though its process may have to finish some. */
  inputsOver(): void {
    for (const link of this.into) link.consumerOver();
  }

  message(message: LinkMessage, endpoint: Endpoint | null): void {
    if (message.type === 'link_endpoint') {
      const link = this.into.find(({ options }) => options.id === message.link);
      if (endpoint !== null && link !== undefined) link.offered(message.attempt, endpoint);
      else endpoint?.close();
      return;
    }
    endpoint?.close();
    const links = [...this.out.map(({ link }) => link), ...this.into];
    const link = links.find(({ options }) => options.id === message.link);
    if (message.type === 'linked') link?.linked(message.attempt);
    else link?.failed(message.attempt, message.reason);
  }

  report(tallies: ReadonlyMap<string, Tally>, busy: boolean): void {
    let waiting = 0;
    let sent = 0;
    for (const [id, link] of this.counted) {
      const tally = tallies.get(`link/${id}`);
      if (tally === undefined) continue;
      link.report(tally);
      // What is held goes nowhere until somebody lets go of it.
      if (!link.isHeld) waiting += tally.waiting;
      sent += tally.passed;
    }
    this.inFlight = { busy, waiting, sent };
  }

  reported(round: number): void {
    const answer = this.probes.get(round);
    this.probes.delete(round);
    answer?.(this.inFlight);
  }

  /** What the process has in flight. Null: there is none. */
  probe(): Promise<InFlight | null> {
    const { end } = this;
    if (end === null) return Promise.resolve(null);
    this.round++;
    const { round } = this;
    return new Promise((resolve) => {
      this.probes.set(round, resolve);
      end.control({ type: 'report', round });
    });
  }
}
