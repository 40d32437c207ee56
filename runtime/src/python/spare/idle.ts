import { cpus } from 'node:os';

export interface CpuTimes {
  readonly idle: number;
  readonly total: number;
}

export function cpuTimes(): CpuTimes {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}

/** How much of the machine nobody used between two looks, from 0 to 1. */
export function idleShare(before: CpuTimes, after: CpuTimes): number {
  const total = after.total - before.total;
  return total <= 0 ? 0 : (after.idle - before.idle) / total;
}
