// So many frames in flight, each answer lets the next one go. The reply's callback sends the next frame: nothing but
// the peer's own wake-up lies between two messages.
import { Placement } from './processes.mjs';
import { resultOf, usage } from './result.mjs';
import { round } from './statistics.mjs';
import { expectedSum } from './workload.mjs';

const MOST = 40_000;
const SAMPLE_EVERY_MS = 10;
/** Page faults a message below which both processes count as warm. */
const WARM_FAULTS = 0.001;
/** Reused and touched once: recording must not fault. */
const latencies = new Float64Array(MOST).fill(1);
const sentAt = new Float64Array(8).fill(1);

/**
 * @param {import('../types.ts').Transport} transport
 * @param {import('../types.ts').LoopOrder} order
 */
export async function closedLoop(transport, order) {
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

/**
 * As many frames as fit into a time, one in flight: a stream runs for hours, so its code is compiled and its caches are warm.
 * @param {import('../types.ts').Transport} transport @param {number} bytes @param {number} ms
 */
export const runHot = (transport, bytes, ms) => turn(transport, { bytes, depth: 1 }, ms, 3, null);

/**
 * Until a whole turn passes without page faults (a young heap grows for a while), or for as long as is allowed.
 * @param {import('../types.ts').Transport} transport
 * @param {import('../types.ts').LoopOrder} order
 * @param {import('../types.ts').Worker | null} worker
 */
async function warmUp(transport, order, worker) {
  const until = performance.now() + order.warmMostMs;
  for (;;) {
    const before = usage(worker);
    const { messages } = await turn(transport, order, order.warmMs, Math.min(order.atLeast, 3), null);
    const after = usage(worker);
    const faults = after.hostFaults - before.hostFaults + after.workerFaults - before.workerFaults;
    if (faults < messages * WARM_FAULTS || performance.now() > until) return;
  }
}

/**
 * @param {import('../types.ts').Transport} transport
 * @param {{ bytes: number, depth: number }} order
 * @param {number} limitMs
 * @param {number} atLeast
 * @param {Placement | null} placement
 * @returns {Promise<{ messages: number, elapsedMs: number }>}
 */
function turn(transport, { bytes, depth }, limitMs, atLeast, placement) {
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
