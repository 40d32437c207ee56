// What the kernel tells of a process, read from /proc without allocating: reading must not cause what it counts.

import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import type { Sightings } from '../types.js';

/** Fields of /proc/<pid>/stat, counted from the one after the name (which may hold anything). */
const MINOR_FAULTS = 7;
const LAST_CPU = 36;

function fieldOf(stat: string, field: number) {
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field]);
}

/** Minor page faults of a process since it began. */
export const minorFaults = (pid: number) => fieldOf(readFileSync(`/proc/${pid}/stat`, 'utf8'), MINOR_FAULTS);

/** CPU time of all threads of a live process, in nanoseconds. */
export function cpuNs(pid: number) {
  let sum = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      sum += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // A thread that ended between the listing and the reading.
    }
  }
  return sum;
}

/** The main thread's last CPU, read often: one open file, one buffer. */
export class CpuWatch {
  #file;
  #buffer = Buffer.alloc(512);

  constructor(pid: number) {
    this.#file = openSync(`/proc/${pid}/stat`, 'r');
  }

  read() {
    const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, 0);
    // The last CPU is the 39th of 52 fields; the name is the second and may hold spaces.
    let at = this.#buffer.lastIndexOf(0x29, length - 1) + 2;
    for (let field = 0; field < LAST_CPU; field++) at = this.#buffer.indexOf(0x20, at) + 1;
    let cpu = 0;
    for (let digit = this.#buffer[at] ?? 0; digit >= 0x30 && digit <= 0x39; digit = this.#buffer[++at] ?? 0) {
      cpu = cpu * 10 + digit - 0x30;
    }
    return cpu;
  }

  close() {
    closeSync(this.#file);
  }
}

/** Where host and worker ran, sampled between two messages. */
export class Placement {
  #host;
  #worker;
  #samples = 0;
  #together = 0;
  #hostCpus: Set<number> = new Set();
  #workerCpus: Set<number> = new Set();

  /** `worker`: null where one process does it all. */
  constructor(host: number, worker: number | null) {
    this.#host = new CpuWatch(host);
    this.#worker = worker === null ? null : new CpuWatch(worker);
  }

  sample() {
    const host = this.#host.read();
    const worker = this.#worker === null ? host : this.#worker.read();
    this.#samples++;
    if (host === worker) this.#together++;
    this.#hostCpus.add(host);
    this.#workerCpus.add(worker);
  }

  end(): Sightings {
    this.#host.close();
    this.#worker?.close();
    return {
      samples: this.#samples,
      together: this.#samples === 0 ? 1 : Math.round((this.#together / this.#samples) * 1000) / 1000,
      host: [...this.#hostCpus].sort(),
      worker: [...this.#workerCpus].sort(),
    };
  }
}
