// Measures every cell: starts the host processes, gives them their orders one after another, keeps what they answer.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { HostProcess } from './control/host-process.mjs';
import { ControlServer } from './control/server.mjs';
import { floorAddon, python, pythonHarness } from './paths.mjs';
import { endOfFirst, groupsOf, rotated } from './schedule.mjs';

const OPEN_MS = 30_000;
const PER_ORDER_MS = 30_000;
const AT_LEAST = 12;

/**
 * @param {import('./types.ts').Plan} plan
 * @param {readonly import('./types.ts').Peer[]} peers
 * @param {(text: string) => void} progress
 */
export async function measure(plan, peers, progress) {
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
  /** @type {Map<string, HostProcess>} */
  #hosts;
  /** @type {Record<string, string>} */
  #skipped = {};

  /**
   * @param {import('./types.ts').Plan} plan
   * @param {readonly import('./types.ts').Peer[]} peers
   * @param {ControlServer} server
   * @param {(text: string) => void} progress
   */
  constructor(plan, peers, server, progress) {
    this.plan = plan;
    this.peers = peers;
    this.progress = progress;
    this.server = server;
    this.#hosts = new Map(peers.map((peer) => [peer.name, this.#start(peer)]));
  }

  /** @param {import('./types.ts').Peer} peer */
  #start(peer) {
    return new HostProcess(peer, { python, floorAddon }, this.server, pythonHarness);
  }

  async run() {
    await this.#started();
    const groups = groupsOf(
      this.plan,
      this.peers.filter((peer) => this.#hosts.has(peer.name)),
    );
    /** @type {import('./types.ts').Cell[]} */
    const cells = [];
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

  /** @param {import('./schedule.mjs').Group} group @param {number} until */
  async #group(group, until) {
    /** @type {import('./types.ts').Cell[]} */
    const cells = group.peers.map((peer) => ({
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

  /** After a failure nobody knows what is still under way: the next cell begins with a fresh process. @param {import('./types.ts').Cell} cell */
  #replace(cell) {
    const host = this.#host(cell);
    host.kill();
    this.#hosts.set(cell.peer, this.#start(host.peer));
  }

  /** @param {import('./types.ts').Cell} cell */
  async #open(cell) {
    const depth = cell.pattern === 'four' ? 4 : 1;
    const { workers } = await this.#order(cell, { op: 'open', bytes: cell.bytes, depth }, OPEN_MS);
    if (cell.pinning !== 'free') {
      const host = this.#host(cell).pid;
      await pin(host, 1);
      for (const worker of /** @type {import('./types.ts').Worker[]} */ (workers)) {
        await pin(worker.pid, cell.pinning === 'together' ? 1 : 2);
      }
    } else await pin(this.#host(cell).pid, 2 ** availableParallelism() - 1);
  }

  /** @param {import('./types.ts').Cell} cell */
  async #measure(cell) {
    const { plan } = this;
    const { bytes } = cell;
    /** @type {import('./types.ts').Command} */
    const command =
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
    cell.repeats.push(/** @type {import('./types.ts').LoopResult} */ (result));
  }

  /** @param {import('./types.ts').Cell} cell @param {() => Promise<unknown>} work */
  async #attempt(cell, work) {
    try {
      await work();
    } catch (error) {
      cell.error ??= messageOf(error);
    }
  }

  /** @param {import('./types.ts').Cell} cell @param {import('./types.ts').Command} command @param {number} limitMs */
  #order(cell, command, limitMs) {
    return this.#host(cell).order(command, limitMs);
  }

  /** @param {import('./types.ts').Cell} cell */
  #host(cell) {
    const host = this.#hosts.get(cell.peer);
    if (host === undefined) throw new Error('its host process did not start');
    return host;
  }
}

/** All threads that there are; those to come inherit it. @param {number} pid @param {number} cpus a bit mask */
async function pin(pid, cpus) {
  const { floor } = await import('./measure/touches.mjs');
  for (const thread of readdirSync(`/proc/${pid}/task`)) floor.pin(Number(thread), cpus);
}

/** @param {unknown} error */
const messageOf = (error) => (error instanceof Error ? error.message : String(error));
