import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../../base/log/logger.js';
import { VERSION } from '../../base/version.js';
import { within } from '../../base/within.js';
import type { OpenSpan, SpanMaker } from './frame-traces.js';
import type { TraceSettings } from './settings.js';

/** How long one batch may take with all its repetitions, and the last one when the graph is stopped. */
const EXPORT_MS = 2000;
const FLUSH_MS = 2000;

type ExportDone = Parameters<SpanExporter['export']>[1];

class OtelSpan implements OpenSpan {
  constructor(readonly span: Span) {}

  end(at: number, error?: string): void {
    if (error !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    this.span.end(at);
  }
}

/** Takes spans to a collector. This module is loaded only where traces are on: it brings OpenTelemetry with it. */
export class TraceExport {
  readonly make: SpanMaker;
  private readonly provider: BasicTracerProvider;
  private readonly exporter: ToldOnce;

  constructor(
    settings: TraceSettings,
    runtime: { readonly id: string; readonly name: string },
    private readonly log: Logger,
  ) {
    const timeout = process.env.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? process.env.OTEL_EXPORTER_OTLP_TIMEOUT;
    const exporter = new OTLPTraceExporter({
      ...(settings.url !== null && { url: settings.url }),
      ...(timeout === undefined && { timeoutMillis: EXPORT_MS }),
    });
    this.exporter = new ToldOnce(exporter, log);
    this.provider = new BasicTracerProvider({
      // Which frames are followed is decided before a span is made.
      sampler: new AlwaysOnSampler(),
      resource: defaultResource()
        .merge(
          resourceFromAttributes({
            'service.name': 'streamlib',
            'service.version': VERSION,
            'service.instance.id': runtime.id,
            'process.pid': process.pid,
            'streamlib.runtime.name': runtime.name,
          }),
        )
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(this.exporter)],
    });
    const tracer = this.provider.getTracer('streamlib', VERSION);
    this.make = (name, parent, startTime, attributes) => {
      const context = parent instanceof OtelSpan ? trace.setSpan(ROOT_CONTEXT, parent.span) : ROOT_CONTEXT;
      const options = { startTime, attributes, root: parent === null };
      return new OtelSpan(tracer.startSpan(name, options, context));
    };
  }

  /** Sends what is left, within a deadline. Never rejects. */
  async close(): Promise<void> {
    const done = this.provider.shutdown().catch(() => {});
    if ((await within(FLUSH_MS, done)) === 'late' && !this.exporter.failing)
      this.log.warn(`the last traces were not taken within ${FLUSH_MS} ms; they are lost`);
  }
}

/** A collector that cannot be reached is told once, and when it is back; spans that it does not take are lost, and nothing else is. */
class ToldOnce implements SpanExporter {
  private told: 'nothing' | 'failure' | 'recovery' = 'nothing';

  constructor(
    private readonly exporter: OTLPTraceExporter,
    private readonly log: Logger,
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
    this.log.warn(
      `traces can't be sent: ${reasonOf(error)}; the graph goes on, and they are lost until the collector takes them`,
    );
  }

  private succeeded(): void {
    if (this.told !== 'failure') return;
    this.told = 'recovery';
    this.log.info('the collector takes traces again');
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
