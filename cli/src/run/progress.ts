import type { NodeStats, RuntimeStats } from '@streamlib/runtime';
import { formatDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { type Palette, paintState, visibleLength } from '../output/palette.js';
import { oneLine } from '../output/printable.js';

const REDRAW_MS = 500;

interface Sample {
  readonly at: number;
  readonly frames: ReadonlyMap<string, number>;
}

/**
 * A few lines at the foot of a terminal that tell how the graph is doing, drawn over again twice a second; other lines scroll by
 * above. Where nothing can be drawn over it only passes lines on.
 */
export class Progress {
  private drawn = 0;
  private previous: Sample | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly io: Io,
    private readonly stats: () => RuntimeStats,
  ) {}

  begin(): void {
    if (!this.io.errRedraws) return;
    this.timer = setInterval(() => this.redraw(), REDRAW_MS);
  }

  /** A line that stays, above the drawn ones. */
  line(text: string): void {
    this.erase();
    this.io.err(text);
  }

  end(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.erase();
  }

  private redraw(): void {
    const stats = this.stats();
    const sample: Sample = {
      at: performance.now(),
      frames: new Map(Object.entries(stats.nodes).map(([id, node]) => [id, handled(node)])),
    };
    const lines = progressLines(stats, rates(this.previous, sample), this.io.errPalette, this.io.columns());
    this.previous = sample;
    this.erase();
    this.io.errRaw(`${lines.join('\n')}\n`);
    this.drawn = lines.length;
  }

  private erase(): void {
    if (this.drawn > 0) this.io.errRaw(`\x1b[${this.drawn}A\x1b[J`);
    this.drawn = 0;
  }
}

/** What a node has done: a sink only takes, a source only gives. */
function handled(node: NodeStats): number {
  return Math.max(node.frames_in, node.frames_out);
}

export function rates(before: Sample | null, now: Sample): Map<string, number> {
  const result = new Map<string, number>();
  if (before === null) return result;
  const seconds = (now.at - before.at) / 1000;
  for (const [id, frames] of now.frames)
    result.set(id, Math.max(0, frames - (before.frames.get(id) ?? 0)) / seconds);
  return result;
}

export function progressLines(
  stats: RuntimeStats,
  rate: ReadonlyMap<string, number>,
  palette: Palette,
  columns: number,
): string[] {
  const nodes = Object.entries(stats.nodes).map(([id, node]) => ({ id, node, name: oneLine(id) }));
  const width = Math.max(4, ...nodes.map(({ name }) => name.length));
  const lines = nodes.map(({ id, node, name }) =>
    [
      `  ${name.padEnd(width)}`,
      paintState(node.state, palette) + ' '.repeat(Math.max(0, 9 - node.state.length)),
      `${(rate.get(id) ?? 0).toFixed(1).padStart(6)} fps`,
      `${String(node.dropped).padStart(6)} dropped`,
      ...(node.restarts > 0 ? [palette.yellow(`${node.restarts} restarts`)] : []),
      ...(node.errors > 0 ? [palette.red(`${node.errors} errors`)] : []),
    ].join('  '),
  );
  return [palette.dim(`  ${oneLine(stats.name)} ${formatDuration(stats.uptime_secs)}`), ...lines].map(
    (line) =>
      // A line that wraps would count as one and leave its rest behind.
      visibleLength(line) < columns ? line : line.slice(0, Math.max(0, columns - 1)),
  );
}
