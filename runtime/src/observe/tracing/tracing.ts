import type { Logger } from '../../base/log/logger.js';
import type { Watchable } from '../../flow/probe.js';
import type { TraceExporters } from './exporters.js';
import { FrameTraces } from './frame-traces.js';
import type { TraceSettings } from './settings.js';

/** The traces of one runtime. */
export interface Tracing {
  /** Follows frames through this node too. */
  watch(node: Watchable): void;
  /** Which nodes frames come from, and which get theirs from other processes only. */
  from(sources: ReadonlySet<string>, direct: ReadonlySet<string>): void;
  /** Ends what is open and sends what is left; settles within some seconds and never rejects. */
  close(): Promise<void>;
}

/** What the runtimes of a process have in common where traces are on: the exporters. */
export class TraceHost {
  private exporters: TraceExporters | null = null;

  /** How many collectors spans are sent to. */
  get count(): number {
    return this.exporters?.count ?? 0;
  }

  /** Loads OpenTelemetry, which nothing else does. */
  async open(
    settings: TraceSettings,
    runtime: { readonly id: string; readonly name: string },
    log: Logger,
  ): Promise<Tracing> {
    const [{ TraceExport }, { TraceExporters }] = await Promise.all([
      import('./export.js'),
      import('./exporters.js'),
    ]);
    this.exporters ??= new TraceExporters();
    const out = new TraceExport(this.exporters.use(settings.url, log), runtime, log);
    const frames = new FrameTraces(out.make, { runtimeId: runtime.id, ratio: settings.ratio });
    log.info(`traces are on: one frame in ${Math.round(1 / settings.ratio)}`);
    return {
      watch: (node) => frames.watch(node),
      from: (sources, direct) => frames.from(sources, direct),
      close: () => {
        frames.close();
        return out.close();
      },
    };
  }
}
