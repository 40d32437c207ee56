import { type Endpoint, Listener, monotonicNs } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Logger } from '../../base/log/logger.js';
import { PortCounters } from '../../flow/counters.js';
import { Histogram } from '../../flow/histogram.js';
import { type InFlight, Quiescence } from '../../node/quiescence.js';
import { DirectLink, type LinkEnd } from './direct-link.js';
import { NO_TALLY, readTallies } from './tally.js';

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

interface End extends LinkEnd {
  readonly heard: Record<string, unknown>[];
}

function end(pid: number): End {
  const heard: Record<string, unknown>[] = [];
  return { pid, heard, control: (message) => void heard.push(message) };
}

let counters: PortCounters;
let latency: Histogram;
let reasons: string[];
let link: DirectLink;
let listener: Listener;
const endpoints: Endpoint[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  counters = new PortCounters();
  latency = new Histogram();
  reasons = [];
  listener = Listener.anonymous();
  const options = {
    id: 'a.out>b.in',
    from: { node: 'a', port: 'out' },
    to: { node: 'b', port: 'in' },
    window: 8,
    queue: 8,
  };
  link = new DirectLink({ ...options, delivery: 'lossless' }, counters, latency, silent, (reason) =>
    reasons.push(reason),
  );
});
afterEach(() => {
  vi.useRealTimers();
  link.producerGone();
  link.consumerGone(true);
  listener.close();
  // Whatever became of an offer, its endpoint was let go of.
  expect(endpoints.splice(0).every((endpoint) => endpoint.closed)).toBe(true);
});

const offer = (attempt: number) => {
  const endpoint = listener.endpoint();
  endpoints.push(endpoint);
  link.offered(attempt, endpoint);
};

describe('an introduction', () => {
  it.each(['producer', 'consumer'])('waits for both ends, the %s first', (first) => {
    const [producer, consumer] = [end(1), end(2)];
    if (first === 'producer') link.producerReady(producer);
    else link.consumerReady(consumer);
    expect([...producer.heard, ...consumer.heard]).toEqual([]);
    if (first === 'producer') link.consumerReady(consumer);
    else link.producerReady(producer);
    expect(consumer.heard).toEqual([
      { type: 'link_expect', link: 'a.out>b.in', attempt: 1, input: 'in', peer_pid: 1 },
    ]);
    offer(1);
    expect(producer.heard).toEqual([{ type: 'link_connect', link: 'a.out>b.in', attempt: 1, peer_pid: 2 }]);
    expect(link.up).toBe(false);
    link.linked(1);
    expect(link.up).toBe(true);
  });

  it('is made again for each end that comes anew, and what belongs to an earlier one means nothing', () => {
    const [producer, consumer, next] = [end(1), end(2), end(3)];
    link.producerReady(producer);
    link.consumerReady(consumer);
    link.consumerGone(false);
    offer(1);
    expect(producer.heard).toEqual([]);
    link.consumerReady(next);
    offer(1);
    link.linked(1);
    expect(producer.heard).toEqual([]);
    expect(link.up).toBe(false);
    offer(2);
    expect(producer.heard.map(({ peer_pid }) => peer_pid)).toEqual([3]);
  });

  it('is tried again with growing pauses while both ends are there, and given up in the end', () => {
    const consumer = end(2);
    link.producerReady(end(1));
    link.consumerReady(consumer);
    for (let attempt = 1; attempt <= 6; attempt++) {
      link.failed(attempt, 'no descriptors');
      // Told twice, it counts once.
      link.failed(attempt - 1, 'late');
      vi.advanceTimersByTime(50 * 2 ** (attempt - 1) - 1);
      expect(consumer.heard).toHaveLength(attempt);
      vi.advanceTimersByTime(1);
      expect(consumer.heard).toHaveLength(attempt + 1);
    }
    link.failed(7, 'no descriptors');
    expect(reasons).toEqual(['no descriptors']);
  });

  it('is not tried while an end is missing', () => {
    const consumer = end(2);
    link.producerReady(end(1));
    link.consumerReady(consumer);
    link.producerGone();
    link.failed(1, 'the writer is gone');
    vi.advanceTimersByTime(60_000);
    expect(consumer.heard).toHaveLength(1);
  });

  it('is not made once the reader is over, and a writer that waits for it is told', () => {
    const producer = end(1);
    link.producerReady(producer);
    link.consumerGone(true);
    link.consumerOver();
    expect(producer.heard).toEqual([{ type: 'link_over', link: 'a.out>b.in' }]);
    expect(link.settings).toMatchObject({ over: true });
    const next = end(3);
    link.producerGone();
    link.producerReady(next);
    expect(next.heard).toEqual([{ type: 'link_over', link: 'a.out>b.in' }]);
  });
});

describe('counts', () => {
  const report = (passed: number, lost: number) =>
    link.report({
      ...NO_TALLY,
      passed,
      lastNs: Number(monotonicNs()),
      ages: new Map([[10, passed]]),
      dropped: { lost },
    });

  it('are those since the last report, also of a process that begins anew', () => {
    link.producerReady(end(1));
    report(5, 1);
    report(8, 1);
    link.producerGone();
    link.producerReady(end(3));
    report(2, 2);
    expect(counters.frames).toBe(10);
    expect(counters.direct).toBe(10);
    expect(counters.droppedBy()).toEqual({ lost: 3 });
    expect(latency.summary()?.count).toBe(10);
  });

  it('are read with care', () => {
    const ages = new Uint8Array([3, 0, 7, 0, 0, 0, 99]);
    const read = readTallies({
      a: { passed: 3n, ages, dropped: { lost: 2, odd: 'x' } },
      b: 7,
      c: { passed: -1 },
    });
    expect(read.get('a')).toMatchObject({ passed: 3, ages: new Map([[3, 7]]), dropped: { lost: 2, odd: 0 } });
    expect(read.get('b')).toEqual(NO_TALLY);
    expect(read.get('c')?.passed).toBe(0);
    expect(readTallies('no').size).toBe(0);
  });
});

describe('Quiescence', () => {
  const idle: InFlight = { busy: false, waiting: 0, sent: 0 };
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it('needs two rounds in which nobody had anything and nobody sent', async () => {
    const inFlight = [idle, { ...idle, sent: 4 }];
    const quiet = new Quiescence(inFlight.map((_, at) => ({ probe: async () => inFlight[at] ?? null })));
    expect(quiet.look()).toBe(false);
    await settle();
    // Between the two rounds one sent something that the other had finished when it was asked.
    inFlight[1] = { ...idle, sent: 5 };
    expect(quiet.look()).toBe(false);
    await settle();
    expect(quiet.look()).toBe(false);
    await settle();
    expect(quiet.look()).toBe(true);
  });

  it.each([
    { ...idle, busy: true },
    { ...idle, waiting: 1 },
  ])('is not found while one has %o', async (busy) => {
    const quiet = new Quiescence([{ probe: async () => busy }]);
    for (let n = 0; n < 5; n++) {
      expect(quiet.look()).toBe(false);
      await settle();
    }
  });

  it('is found with processes that are gone, and forgotten when something moves', async () => {
    const quiet = new Quiescence([{ probe: async () => null }]);
    for (let n = 0; n < 2; n++) {
      quiet.look();
      await settle();
    }
    expect(quiet.look()).toBe(true);
    quiet.reset();
    expect(quiet.look()).toBe(false);
    expect(new Quiescence([]).look()).toBe(true);
  });
});
