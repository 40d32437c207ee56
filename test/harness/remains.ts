import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import type { World } from './world.js';

/** What a sandbox has not given back. */
export interface Remains {
  readonly processes: number;
  readonly descriptors: number;
  readonly memory_files: number;
  readonly sockets: number;
  /** Of connections that have not failed, and of runtimes. */
  readonly records: number;
  /** Slots of shared memory that the runtime still holds when it has stopped. */
  readonly leases: number;
}

export const nothingLeft: Remains = {
  processes: 0,
  descriptors: 0,
  memory_files: 0,
  sockets: 0,
  records: 0,
  leases: 0,
};

/** Every process that was started in a sandbox, whoever is its parent by now: its environment names the sandbox. */
export function processesOf(world: World): number[] {
  const mark = `STREAMLIB_HOME=${world.sandbox.home}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && isRunning(pid) && environmentOf(pid).includes(mark));
}

function environmentOf(pid: number): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    return '';
  }
}

/** Descriptors that have to do with connections: endpoints, channels, shared memory. */
export function bridgeDescriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return /memfd|streamlib\/\./.test(target) ? [target] : [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** Endpoints' paths, which are there for a moment only. The relay's own socket and lock are the broker's. */
export function strayPaths(world: World): string[] {
  const folder = `${dirname(world.sandbox.home)}/streamlib`;
  return readdirSync(folder).filter((name) => name.startsWith('.'));
}
