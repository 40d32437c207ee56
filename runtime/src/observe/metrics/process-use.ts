import { readFileSync } from 'node:fs';
import { processCpuNs } from '@streamlib/host-bridge';

/** What a process has used so far. */
export interface ProcessUse {
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Null: there is no such process, or the system does not tell. */
export function processUse(pid: number): ProcessUse | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
    if (Number.isNaN(kilobytes)) return null;
    return { cpuSeconds: processCpuNs(pid) / 1e9, residentBytes: kilobytes * 1024 };
  } catch {
    return null;
  }
}
