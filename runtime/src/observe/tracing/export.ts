import { ROOT_CONTEXT, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { AlwaysOnSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import type { Logger } from '../../base/log/logger.js';
import { VERSION } from '../../base/version.js';
import { within } from '../../base/within.js';
import type { ExporterUse } from './exporters.js';
import type { OpenSpan, SpanMaker } from './frame-traces.js';

/** How long the last batch may take when the graph is stopped. */
const FLUSH_MS = 2000;

class OtelSpan implements OpenSpan {
  constructor(readonly span: Span) {}

  end(at: number, error?: string): void {
    if (error !== undefined) this.span.setStatus({ code: SpanStatusCode.ERROR, message: error });
    this.span.end(at);
  }
}

/** The spans of one runtime. This module is loaded only where traces are on: it brings OpenTelemetry with it. */
export class TraceExport {
  readonly make: SpanMaker;
  private readonly provider: BasicTracerProvider;

  constructor(
    private readonly exporter: ExporterUse,
    runtime: { readonly id: string; readonly name: string },
    private readonly log: Logger,
  ) {
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
      spanProcessors: [exporter.processor],
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
      this.log.warn(`the last traces were not accepted within ${FLUSH_MS} ms; they are lost`);
  }
}
