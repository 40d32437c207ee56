import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../../base/log/logger.js';

/** How long one batch may take with all its repetitions. */
const EXPORT_MS = 2000;

type ExportDone = Parameters<SpanExporter['export']>[1];

/** One runtime's way to a collector. */
export interface ExporterUse {
  /** For one provider: shutting it down sends what is left; the exporter itself goes with its last user. */
  readonly processor: SpanProcessor;
  /** Whether the collector does not take spans at the moment, which is logged already. */
  readonly failing: boolean;
}

/** The exporters of a process: one for each collector, with one queue and one timer, whatever the number of runtimes. */
export class TraceExporters {
  private readonly open = new Map<string, SharedExporter>();

  get count(): number {
    return this.open.size;
  }

  /** `url`: null where the exporter looks by itself. What happens to the spans is logged to each user. */
  use(url: string | null, log: Logger): ExporterUse {
    const key = keyOf(url);
    const shared = this.open.get(key) ?? new SharedExporter(url, () => this.open.delete(key));
    this.open.set(key, shared);
    return shared.use(log);
  }
}

class SharedExporter {
  private readonly exporter: LoggedExporter;
  private readonly processor: BatchSpanProcessor;
  private readonly logs = new Set<Logger>();
  private users = 0;

  constructor(
    url: string | null,
    private readonly closed: () => void,
  ) {
    const timeout = process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
    const exporter = new OTLPTraceExporter({
      ...(url !== null && { url }),
      ...(timeout === undefined && { timeoutMillis: EXPORT_MS }),
    });
    this.exporter = new LoggedExporter(exporter, this.logs);
    this.processor = new BatchSpanProcessor(this.exporter);
  }

  use(log: Logger): ExporterUse {
    const { exporter, processor, logs } = this;
    logs.add(log);
    this.users++;
    let released = false;
    const release = async () => {
      if (released) return;
      released = true;
      this.users--;
      const isLast = this.users === 0;
      if (isLast) this.closed();
      try {
        await (isLast ? processor.shutdown() : processor.forceFlush());
      } finally {
        // What became of the last spans is still its affair.
        logs.delete(log);
      }
    };
    return {
      processor: {
        onStart: (span, context) => processor.onStart(span, context),
        onEnd: (span) => processor.onEnd(span),
        forceFlush: () => processor.forceFlush(),
        shutdown: release,
      },
      get failing() {
        return exporter.failing;
      },
    };
  }
}

/** Another address, or other settings of the exporter's own, are another exporter. */
function keyOf(url: string | null): string {
  const own = Object.entries(process.env).filter(([name]) => name.startsWith('OTEL_EXPORTER_OTLP_'));
  return JSON.stringify([url, own.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** A collector that cannot be reached is logged once, and when it is back; spans that it does not take are lost, and nothing else is. */
class LoggedExporter implements SpanExporter {
  private told: 'nothing' | 'failure' | 'recovery' = 'nothing';

  constructor(
    private readonly exporter: OTLPTraceExporter,
    private readonly logs: ReadonlySet<Logger>,
  ) {}

  /** Whether it has been told that spans are lost. */
  get failing(): boolean {
    return this.told === 'failure';
  }

  export(spans: ReadableSpan[], done: ExportDone): void {
    this.exporter.export(spans, (result) => {
      if (result.code !== 0) this.failed(result.error);
      else this.succeeded();
      // What failed has been told; the SDK would tell it again, elsewhere.
      done({ code: 0 });
    });
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  private failed(error: Error | undefined): void {
    if (this.told !== 'nothing') return;
    this.told = 'failure';
    for (const log of this.logs)
      log.warn(
        `traces can't be sent: ${reasonOf(error)}; the graph goes on, and traces are lost until the collector accepts them`,
      );
  }

  private succeeded(): void {
    if (this.told !== 'failure') return;
    this.told = 'recovery';
    for (const log of this.logs) log.info('the collector accepts traces again');
  }
}

/** An address that was tried for both families of IP fails with an error that says nothing but has others in it. */
function reasonOf(error: Error | undefined): string {
  if (error instanceof AggregateError && error.message === '')
    return error.errors
      .map((each: unknown) => (each instanceof Error ? each.message : String(each)))
      .join(', ');
  return error?.message || 'the collector did not say why';
}
