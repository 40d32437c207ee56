import { type ControlValue, type Endpoint, monotonicNs } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import type { Logger } from '../../base/log/logger.js';
import type { PortCounters } from '../../flow/counters.js';
import type { Histogram } from '../../flow/histogram.js';
import { nameOf, type PortRef } from '../../graph/ref.js';
import { NO_TALLY, type Tally } from './tally.js';

/** The subprocess at one end of a link, for as long as it is ready. */
export interface LinkEnd {
  readonly pid: number;
  control(message: Record<string, ControlValue>, endpoint?: Endpoint): void;
}

export interface LinkOptions {
  /** Of the whole graph's life: the ends come and go. */
  readonly id: string;
  readonly from: PortRef;
  readonly to: PortRef;
  readonly delivery: Delivery;
  readonly window: number;
  readonly queue: number;
  readonly keep?: number;
}

/** Between two attempts at a link whose ends are both there; doubled each time. */
const RETRY_MS = 50;
const LONGEST_RETRY_MS = 2000;
/** So often in a row, with both ends there, and it is not going to be. */
const MOST_FAILURES = 6;

/**
 * A connection of the graph whose frames go straight from one subprocess to another. The runtime introduces the two, each time
 * that both are ready, and hears of their counts; it sees no frame.
 *
 * The reader listens; its endpoint goes through here to the writer, and each is told the other's process id, which the kernel
 * confirms to them. They are linked when ping and pong have crossed.
 */
export class DirectLink {
  private producer: LinkEnd | null = null;
  private consumer: LinkEnd | null = null;
  /** Counts introductions; what belongs to an earlier one is late and means nothing. */
  private attempt = 0;
  private isUp = false;
  private over = false;
  private failures = 0;
  /** Made for a writer that runs already: until its reader is there for the first time, frames wait instead of being dropped. */
  private keeps: boolean;
  /** The two are not introduced yet: its reader's place is still another's. */
  private held: boolean;
  private retry: NodeJS.Timeout | null = null;
  /** What the producer's present process has reported last. */
  private told: Tally = NO_TALLY;

  constructor(
    readonly options: LinkOptions,
    private readonly counters: PortCounters,
    private readonly latency: Histogram,
    private readonly log: Logger,
    /** It does not come about: a process that may not open a channel, say. */
    private readonly hopeless: (reason: string) => void,
    live: { readonly keeps?: boolean; readonly held?: boolean } = {},
  ) {
    this.keeps = live.keeps ?? false;
    this.held = live.held ?? false;
  }

  /** Whether bytes have crossed and nobody has said since that they do not. */
  get up(): boolean {
    return this.isUp;
  }

  /** Frames that wait at the producer, or are with the consumer; as last told. */
  get waiting(): number {
    return this.told.waiting;
  }

  /** Whether its frames wait until `letGo()`. */
  get isHeld(): boolean {
    return this.held;
  }

  /** Its reader may have what waits, and all that comes. */
  letGo(): void {
    this.held = false;
    this.introduce();
  }

  /** What the producer's process is told in its setup. */
  get settings(): Record<string, ControlValue> {
    const { id, delivery, window, queue } = this.options;
    return { link: id, delivery, window, queue, over: this.over, ...(this.keeps && { keep: true }) };
  }

  producerReady(end: LinkEnd): void {
    this.producer = end;
    this.told = NO_TALLY;
    // Its setup was written before it was started.
    if (this.over) end.control({ type: 'link_over', link: this.options.id });
    this.introduce();
  }

  producerGone(): void {
    this.producer = null;
    this.keeps = false;
    this.told = NO_TALLY;
    this.end();
  }

  /** The writer sends nothing more here, but what it has counted so far counts. */
  removed(): void {
    this.producer = null;
    this.end();
  }

  consumerReady(end: LinkEnd): void {
    this.consumer = end;
    this.introduce();
  }

  /** `over`: there will be no other. */
  consumerGone(over: boolean): void {
    this.consumer = null;
    this.end();
    if (over) this.consumerOver();
  }

  /** The reader takes no more: a writer that waits for it goes on. */
  consumerOver(): void {
    if (this.over) return;
    this.over = true;
    this.producer?.control({ type: 'link_over', link: this.options.id });
  }

  /** The consumer listens. The endpoint is handed on, or let go of. */
  offered(attempt: number, endpoint: Endpoint): void {
    const { producer, consumer } = this;
    if (attempt === this.attempt && producer !== null && consumer !== null) {
      producer.control(
        { type: 'link_connect', link: this.options.id, attempt, peer_pid: consumer.pid },
        endpoint,
      );
    }
    endpoint.close();
  }

  /** The producer says that ping and pong have crossed. */
  linked(attempt: number): void {
    if (attempt !== this.attempt || this.producer === null) return;
    this.isUp = true;
    this.keeps = false;
    this.failures = 0;
    this.log.debug(`linked directly: ${this.between}`);
  }

  /** One end says that it did not come about, or is no more. While both are there it is tried again. */
  failed(attempt: number, reason: string): void {
    if (attempt !== this.attempt) return;
    this.end();
    if (this.producer === null || this.consumer === null || this.over) return;
    const delay = Math.min(RETRY_MS * 2 ** this.failures, LONGEST_RETRY_MS);
    this.failures++;
    if (this.failures > MOST_FAILURES) {
      this.hopeless(reason);
      return;
    }
    // One whose process has just died says the same, and its exit is about to be told.
    this.log.debug(`no direct link ${this.between}: ${reason}`);
    this.retry = setTimeout(() => this.introduce(), delay);
  }

  /** Counts of the producer's present process, since it began. */
  report(now: Tally): void {
    const before = this.told;
    this.told = now;
    const age = Number(monotonicNs());
    const at = performance.now();
    const when = (ns: number) => at - (age - ns) / 1e6;
    this.counters.passDirect(now.passed - before.passed, when(now.firstNs), when(now.lastNs));
    for (const [reason, count] of Object.entries(now.dropped)) {
      const more = count - (before.dropped[reason] ?? 0);
      if (more > 0) this.counters.drop(reason, more);
    }
    for (const [bucket, count] of now.ages) {
      this.latency.add(bucket, count - (before.ages.get(bucket) ?? 0), now.oldestNs);
    }
  }

  private get between(): string {
    return `${nameOf(this.options.from)} → ${nameOf(this.options.to)}`;
  }

  private introduce(): void {
    this.end();
    const { producer, consumer } = this;
    if (producer === null || consumer === null || this.over || this.held) return;
    this.attempt++;
    consumer.control({
      type: 'link_expect',
      link: this.options.id,
      attempt: this.attempt,
      input: this.options.to.port,
      peer_pid: producer.pid,
    });
  }

  private end(): void {
    this.isUp = false;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
  }
}
