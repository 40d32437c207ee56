// So many frames in flight, each answer lets the next one go. The reply's callback sends the next frame: nothing but
// the peer's own wake-up lies between two messages.
import type { LoopOrder, Transport, Worker } from '../types.js';
import { Placement } from './processes.js';
import { resultOf, usage } from './result.js';
import { round } from './statistics.js';
import { expectedSum } from './workload.js';

const MOST = 40_000;
const SAMPLE_EVERY_MS = 10;
/** Page faults a message below which both processes count as warm. */
const WARM_FAULTS = 0.001;
/** Reused and touched once: recording must not fault. */
const latencies = new Float64Array(MOST).fill(1);
const sentAt = new Float64Array(8).fill(1);

export async function closedLoop(transport: Transport, order: LoopOrder) {
  const worker = transport.workers.find(({ main }) => main) ?? null;
  await warmUp(transport, order, worker);
  const placement = new Placement(process.pid, worker === null ? null : worker.pid);
  const before = usage(worker);
  const { messages, elapsedMs } = await turn(transport, order, order.measureMs, order.atLeast, placement);
  const after = usage(worker);
  return {
    ...resultOf(latencies.subarray(0, messages), before, after, placement.end()),
    messages_per_s: round((messages * 1000) / elapsedMs),
  };
}

/** As many frames as fit into a time, one in flight: a stream runs for hours, so its code is compiled and its caches are warm. */
export const runHot = (transport: Transport, bytes: number, ms: number) =>
  turn(transport, { bytes, depth: 1 }, ms, 3, null);

/** Until a whole turn passes without page faults (a young heap grows for a while), or for as long as is allowed. */
async function warmUp(transport: Transport, order: LoopOrder, worker: Worker | null) {
  const until = performance.now() + order.warmMostMs;
  for (;;) {
    const before = usage(worker);
    const { messages } = await turn(transport, order, order.warmMs, Math.min(order.atLeast, 3), null);
    const after = usage(worker);
    const faults = after.hostFaults - before.hostFaults + after.workerFaults - before.workerFaults;
    if (faults < messages * WARM_FAULTS || performance.now() > until) return;
  }
}

function turn(
  transport: Transport,
  { bytes, depth }: { bytes: number; depth: number },
  limitMs: number,
  atLeast: number,
  placement: Placement | null,
): Promise<{ messages: number; elapsedMs: number }> {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let sent = 0;
    let received = 0;
    let limit = MOST;
    let nextSample = began;
    const fill = () => {
      while (sent < limit && sent - received < depth) {
        sentAt[sent & 7] = performance.now();
        transport.send(sent++ & 255);
      }
    };
    transport.onReply = (sum) => {
      const now = performance.now();
      latencies[received] = now - (sentAt[received & 7] ?? 0);
      if (sum !== expectedSum(received & 255, bytes)) {
        reject(
          new Error(
            `frame ${received} came back with the sum ${sum}, not ${expectedSum(received & 255, bytes)}`,
          ),
        );
        return;
      }
      received++;
      if (limit === MOST && received >= atLeast && now - began > limitMs) limit = sent;
      if (received >= limit) {
        resolve({ messages: received, elapsedMs: now - began });
        return;
      }
      if (placement !== null && now > nextSample) {
        placement.sample();
        nextSample = now + SAMPLE_EVERY_MS;
      }
      fill();
    };
    fill();
  });
}
