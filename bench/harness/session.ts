// Measures every cell: starts the host processes, gives them their orders one after another, keeps what they answer.

import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { HostProcess } from './control/host-process.js';
import { ControlServer } from './control/server.js';
import { floorAddon, python, pythonHarness } from './paths.js';
import type { Group } from './schedule.js';
import { endOfFirst, groupsOf, rotated } from './schedule.js';
import type { Cell, Command, LoopResult, Peer, Plan, Worker } from './types.js';

const OPEN_MS = 30_000;
const PER_ORDER_MS = 30_000;
const AT_LEAST = 12;

export async function measure(plan: Plan, peers: readonly Peer[], progress: (text: string) => void) {
  const server = new ControlServer();
  await server.listen();
  const session = new Session(plan, peers, server, progress);
  const stop = () => {
    session.kill();
    server.close();
    process.exit(130);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await session.run();
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await session.end();
    server.close();
  }
}

class Session {
  #hosts: Map<string, HostProcess>;
  #skipped: Record<string, string> = {};

  constructor(
    private readonly plan: Plan,
    private readonly peers: readonly Peer[],
    private readonly server: ControlServer,
    private readonly progress: (text: string) => void,
  ) {
    this.#hosts = new Map(peers.map((peer) => [peer.name, this.#start(peer)]));
  }

  #start(peer: Peer) {
    return new HostProcess(peer, { python, floorAddon }, this.server, pythonHarness);
  }

  async run() {
    await this.#started();
    const groups = groupsOf(
      this.plan,
      this.peers.filter((peer) => this.#hosts.has(peer.name)),
    );
    const cells: Cell[] = [];
    for (const [index, group] of groups.entries()) {
      const until = endOfFirst(groups.slice(index), this.plan, performance.now());
      this.progress(
        `${group.pattern} ${group.bytes} B${group.pinning === 'free' ? '' : `, CPUs ${group.pinning}`}`,
      );
      cells.push(...(await this.#group(group, until)));
    }
    return { cells, skipped: this.#skipped };
  }

  async end() {
    await Promise.all([...this.#hosts.values()].map((host) => host.stop()));
  }

  kill() {
    for (const host of this.#hosts.values()) host.kill();
  }

  /** Leaves out those that do not come up. */
  async #started() {
    await Promise.all(
      [...this.#hosts].map(async ([name, host]) => {
        try {
          await host.connected;
        } catch (error) {
          this.#skipped[name] = messageOf(error);
          this.#hosts.delete(name);
          host.kill();
        }
      }),
    );
  }

  async #group(group: Group, until: number) {
    const cells: Cell[] = group.peers.map((peer) => ({
      peer,
      pattern: group.pattern,
      bytes: group.bytes,
      pinning: group.pinning,
      repeats: [],
      error: null,
    }));
    await Promise.all(cells.map((cell) => this.#attempt(cell, () => this.#open(cell))));
    let took = 0;
    for (let turn = 0; turn < group.repeats; turn++) {
      const began = performance.now();
      // One repeat is measured whatever the time; another one only if it is likely to fit.
      if (turn > 0 && began + took > until) break;
      for (const cell of rotated(cells, turn)) {
        if (cell.error === null) await this.#attempt(cell, () => this.#measure(cell));
      }
      took = Math.max(took, performance.now() - began);
    }
    await Promise.all(
      cells.map((cell) => this.#attempt(cell, () => this.#order(cell, { op: 'close' }, OPEN_MS))),
    );
    for (const cell of cells) if (cell.error !== null) this.#replace(cell);
    return cells;
  }

  /** After a failure nobody knows what is still under way: the next cell begins with a fresh process. */
  #replace(cell: Cell) {
    const host = this.#host(cell);
    host.kill();
    this.#hosts.set(cell.peer, this.#start(host.peer));
  }

  async #open(cell: Cell) {
    const depth = cell.pattern === 'four' ? 4 : 1;
    const { workers } = await this.#order(cell, { op: 'open', bytes: cell.bytes, depth }, OPEN_MS);
    if (cell.pinning !== 'free') {
      const host = this.#host(cell).pid;
      await pin(host, 1);
      for (const worker of workers as Worker[]) {
        await pin(worker.pid, cell.pinning === 'together' ? 1 : 2);
      }
    } else await pin(this.#host(cell).pid, 2 ** availableParallelism() - 1);
  }

  async #measure(cell: Cell) {
    const { plan } = this;
    const { bytes } = cell;
    const command: Command =
      cell.pattern === 'paced'
        ? {
            op: 'pace',
            bytes,
            fps: 60,
            hotMs: plan.pace.hotMs,
            warmFrames: plan.pace.warmFrames,
            frames: plan.pace.frames,
          }
        : {
            op: 'loop',
            bytes,
            depth: cell.pattern === 'four' ? 4 : 1,
            warmMs: plan.warmMs,
            warmMostMs: plan.warmMostMs,
            measureMs: plan.measureMs,
            atLeast: AT_LEAST,
          };
    const { result } = await this.#order(cell, command, PER_ORDER_MS);
    cell.repeats.push(result as LoopResult);
  }

  async #attempt(cell: Cell, work: () => Promise<unknown>) {
    try {
      await work();
    } catch (error) {
      cell.error ??= messageOf(error);
    }
  }

  #order(cell: Cell, command: Command, limitMs: number) {
    return this.#host(cell).order(command, limitMs);
  }

  #host(cell: Cell) {
    const host = this.#hosts.get(cell.peer);
    if (host === undefined) throw new Error('its host process did not start');
    return host;
  }
}

/** All threads that there are; those to come inherit it. `cpus`: a bit mask. */
async function pin(pid: number, cpus: number) {
  const { floor } = await import('./measure/touches.js');
  for (const thread of readdirSync(`/proc/${pid}/task`)) floor.pin(Number(thread), cpus);
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
