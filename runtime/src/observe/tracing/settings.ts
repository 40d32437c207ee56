import { StreamlibError } from '../../base/streamlib-error.js';

/** What `RuntimeOptions.traces` says; what is left out comes from the environment. */
export interface TraceOptions {
  /** Of a collector that speaks OTLP over HTTP; `/v1/traces` is added to an address without a path. */
  readonly url?: string;
  /** The share of frames that are traced, from 0 to 1. */
  readonly ratio?: number;
}

export interface TraceSettings {
  /** Null: where the exporter looks by itself, OTEL_EXPORTER_OTLP_* or the usual port of this machine. */
  readonly url: string | null;
  readonly ratio: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** One in a hundred: some three seconds of video at 30 fps between two traces. */
export const USUAL_RATIO = 0.01;

/** Null: no traces are wanted, and nothing of OpenTelemetry is to be loaded. */
export function traceSettings(
  option: boolean | TraceOptions | undefined,
  environment: Environment,
): { readonly on: TraceSettings | null; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const off = { on: null, warnings };
  if (option === false || isTrue(environment.OTEL_SDK_DISABLED)) return off;
  if (option === undefined) {
    const exporter = (environment.OTEL_TRACES_EXPORTER ?? '').trim();
    if (exporter === '' || exporter === 'none') return off;
    if (exporter !== 'otlp') {
      warnings.push(`OTEL_TRACES_EXPORTER=${exporter} is not supported, so there are no traces; use "otlp"`);
      return off;
    }
  }
  const given = typeof option === 'object' ? option : {};
  const protocol =
    environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL ?? '';
  if (protocol === 'grpc')
    warnings.push('OTLP over gRPC is not supported: traces are sent over HTTP, as JSON');
  const ratio = ratioOf(given.ratio, environment, warnings);
  // A share of nothing is off.
  if (ratio === 0) return off;
  return { on: { url: given.url === undefined ? null : urlOf(given.url), ratio }, warnings };
}

function ratioOf(given: number | undefined, environment: Environment, warnings: string[]): number {
  if (given !== undefined) {
    if (given >= 0 && given <= 1) return given;
    throw new StreamlibError('config', `the share of frames to trace is ${given}; it must be from 0 to 1`);
  }
  const sampler = (environment.OTEL_TRACES_SAMPLER ?? '').replace(/^parentbased_/, '');
  if (sampler === 'always_on') return 1;
  if (sampler === 'always_off') return 0;
  if (sampler !== '' && sampler !== 'traceidratio') {
    warnings.push(`OTEL_TRACES_SAMPLER=${sampler} is not supported; one frame in 100 is traced`);
    return USUAL_RATIO;
  }
  const text = (environment.OTEL_TRACES_SAMPLER_ARG ?? '').trim();
  if (text === '') return USUAL_RATIO;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push(`OTEL_TRACES_SAMPLER_ARG=${text} is not a number from 0 to 1; one frame in 100 is traced`);
  return USUAL_RATIO;
}

function urlOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw new StreamlibError(
      'config',
      `traces can't be sent to ${text}: it must be an address such as http://127.0.0.1:4318`,
    );
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url.href;
}

function isTrue(text: string | undefined): boolean {
  return (text ?? '').trim().toLowerCase() === 'true';
}
