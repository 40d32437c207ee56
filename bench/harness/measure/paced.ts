// A steady 60 frames a second: what a frame costs in CPU time when the machine is mostly idle, as in real use.
import type { PaceOrder, PaceResult, Transport } from '../types.js';
import { runHot } from './closed-loop.js';
import { cpuNs, Placement } from './processes.js';
import { resultOf, usage } from './result.js';
import { round } from './statistics.js';
import { expectedSum } from './workload.js';

const LATE_MS = 3;
/** Node's timers count whole milliseconds; what is nearer than this is sent at once. */
const NEAR_MS = 0.5;

export async function paced(transport: Transport, order: PaceOrder): Promise<PaceResult> {
  await runHot(transport, order.bytes, order.hotMs);
  await turn(transport, order, order.warmFrames, null);
  const worker = transport.workers.find(({ main }) => main) ?? null;
  const placement = new Placement(process.pid, worker === null ? null : worker.pid);
  const before = usage(worker);
  const cpuBefore = cpuOf(transport);
  const { latencies, late, elapsedMs } = await turn(transport, order, order.frames, placement);
  const cpuAfter = cpuOf(transport);
  const split = Object.fromEntries(
    [...cpuAfter].map(([label, ns]) => [
      label,
      round((ns - (cpuBefore.get(label) ?? 0)) / order.frames / 1000),
    ]),
  );
  return {
    ...resultOf(latencies, before, usage(worker), placement.end()),
    messages_per_s: round((order.frames * 1000) / elapsedMs),
    cpu_us_per_frame: round(Object.values(split).reduce((sum, part) => sum + part, 0)),
    cpu_split_us: split,
    late,
  };
}

function cpuOf(transport: Transport) {
  const { user, system } = process.cpuUsage();
  const parts = new Map([['host', (user + system) * 1000]]);
  for (const { label, pid } of transport.workers) parts.set(label, cpuNs(pid));
  return parts;
}

function turn(
  transport: Transport,
  { bytes, fps }: PaceOrder,
  frames: number,
  placement: Placement | null,
): Promise<{ latencies: Float64Array; late: number; elapsedMs: number }> {
  return new Promise((resolve, reject) => {
    const latencies = new Float64Array(frames).fill(1);
    const period = 1000 / fps;
    const began = performance.now();
    let due = began;
    let sentAt = began;
    let count = 0;
    let late = 0;
    const next = () => {
      const wait = due - performance.now();
      if (wait > NEAR_MS) {
        setTimeout(next, Math.max(1, Math.floor(wait)));
        return;
      }
      if (wait < -LATE_MS) late++;
      sentAt = performance.now();
      transport.send(count & 255);
    };
    transport.onReply = (sum) => {
      const now = performance.now();
      latencies[count] = now - sentAt;
      if (sum !== expectedSum(count & 255, bytes)) {
        reject(
          new Error(`frame ${count} came back with the sum ${sum}, not ${expectedSum(count & 255, bytes)}`),
        );
        return;
      }
      // Eight samples are enough to see where they run, and cost nothing against 16 ms.
      if (placement !== null && count % Math.ceil(frames / 8) === 0) placement.sample();
      count++;
      due += period;
      if (count >= frames) resolve({ latencies, late, elapsedMs: now - began });
      else next();
    };
    next();
  });
}
