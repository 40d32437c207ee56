import { setTimeout as pause } from 'node:timers/promises';
import { Quiescence } from '../node/quiescence.js';
import { isComplete, sourcesOf, type Wiring } from './completion.js';

/** How often to look whether everything has been worked off, once a source is over. */
const LOOK_MS = 20;
/** How long frames that are on their way may take to their end when the runtime is stopped. */
const LAST_FRAMES_MS = 500;

/** Notices when a graph has come to its end: no source goes on, and nothing is on its way any more. */
export class GraphEnd {
  private between = new Quiescence([]);
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly wiring: () => Wiring,
    /** False while nodes come up: what is not there yet has nothing to do, either. */
    private readonly isUp: () => boolean,
    /** How its sources ended: some in order, or all by a failure. */
    private readonly ended: (how: 'finished' | 'failed') => void,
  ) {}

  /** The graph was built or changed. */
  graphChanged(): void {
    this.between = new Quiescence(this.wiring().nodes.flatMap(({ process }) => process ?? []));
  }

  /** A node is over: it may have been the last source. */
  lookOut(): void {
    this.timer ??= setInterval(() => this.look(), LOOK_MS);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
  }

  /** Waits until everything has been worked off, within reason. */
  async workedOff(): Promise<void> {
    const until = performance.now() + LAST_FRAMES_MS;
    while (!this.isWorkedOff() && performance.now() < until) await pause(LOOK_MS / 4);
  }

  private look(): void {
    const states = sourcesOf(this.wiring()).map(({ state }) => state);
    if (!states.every((state) => state === 'finished' || state === 'failed' || state === 'stopped')) {
      // Some source goes on: the next one that ends will look again.
      this.stop();
      return;
    }
    if (!this.isUp() || !this.isWorkedOff()) return;
    this.stop();
    this.ended(states.includes('finished') ? 'finished' : 'failed');
  }

  /** Whether nothing is on its way any more, in this process or between others. */
  private isWorkedOff(): boolean {
    if (isComplete(this.wiring())) return this.between.look();
    this.between.reset();
    return false;
  }
}
