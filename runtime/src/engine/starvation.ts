import type { Logger } from '../base/log/logger.js';
import type { OutputPort } from '../flow/output-port.js';

/** A reader of an output, and the slots of its memory that it holds; null where that is not known. */
export interface Holder {
  readonly node: string;
  readonly held: number | null;
}

/** An output whose frames are made in this process. */
export interface WatchedOutput {
  readonly node: string;
  readonly output: Pick<OutputPort, 'name' | 'starvedSince'>;
  readonly holders: () => readonly Holder[];
}

/** How long an output is without a free slot before it is told. */
const LONG_MS = 1000;
const LOOK_MS = 500;

/** Tells of outputs that have no memory to write into, as their readers keep all of it: once, until there was a free slot again. */
export class StarvationWatch {
  private readonly told = new WeakSet<object>();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly outputs: () => Iterable<WatchedOutput>,
    private readonly log: Pick<Logger, 'warn'>,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  look(): void {
    const now = this.now();
    for (const { node, output, holders } of this.outputs()) {
      const { starvedSince } = output;
      if (starvedSince === null) this.told.delete(output);
      else if (now - starvedSince >= LONG_MS && !this.told.has(output)) {
        this.told.add(output);
        this.log.warn(starvedText(node, output.name, (now - starvedSince) / 1000, holders()));
      }
    }
  }

  close(): void {
    clearInterval(this.timer);
  }
}

export function starvedText(node: string, port: string, seconds: number, holders: readonly Holder[]): string {
  const known = holders.filter(({ held }) => held !== null && held > 0);
  known.sort((a, b) => (b.held ?? 0) - (a.held ?? 0));
  const who =
    known.length > 0
      ? known.map((each) => `${each.node} holds ${each.held} frames of ${node}`).join(', ')
      : `its readers keep all frames (${holders.map((each) => each.node).join(', ') || 'none is connected'})`;
  return `${node}.${port} has had no free slot for ${seconds.toFixed(1)} s and drops its frames: ${who}; keep copies, as of pixels.copy(), or let the input keep more with "keep"`;
}
