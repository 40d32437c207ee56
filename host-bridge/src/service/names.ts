import { addon } from '../native/addon.js';

// These are computed in the native core, in one place for the runtime, the broker and the Python side alike.

/** The name of the relay service (`STREAMLIB_BROKER_XPC_SERVICE`, else the production name). */
export function serviceName(): string {
  return addon().serviceName();
}

/** The path of the relay's socket, derived from the service name. */
export function relayPath(): string {
  return addon().relayPath();
}

/** Where StreamLib keeps its state (`STREAMLIB_HOME`, else the platform's convention). */
export function stateDir(): string {
  return addon().stateDir();
}

/** The machine-wide monotonic clock in nanoseconds: the same in every process. */
export function monotonicNs(): bigint {
  return addon().monotonicNs();
}

/**
 * CPU time that a process has used so far, in nanoseconds.
 *
 * @param pid - The process id; 0 means this one.
 */
export function processCpuNs(pid: number): number {
  return addon().processCpuNs(pid);
}
