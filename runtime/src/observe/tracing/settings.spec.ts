import { describe, expect, it } from 'vitest';
import { traceSettings } from './settings.js';

const on = (...given: Parameters<typeof traceSettings>) => traceSettings(...given).on;

describe('traces', () => {
  it.each([
    [{}],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }],
    [{ OTEL_TRACES_EXPORTER: 'none' }],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_SDK_DISABLED: 'true' }],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'always_off' }],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }],
  ])('are off with %o', (environment) => {
    expect(traceSettings(undefined, environment)).toEqual({ on: null, warnings: [] });
  });

  it('are switched on by the environment, for one frame in a hundred', () => {
    expect(on(undefined, { OTEL_TRACES_EXPORTER: 'otlp' })).toEqual({ url: null, ratio: 0.01 });
  });

  it.each([
    [{ OTEL_TRACES_SAMPLER: 'always_on' }, 1],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_always_on' }, 1],
    [{ OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, 0.25],
    [{ OTEL_TRACES_SAMPLER_ARG: '0.5' }, 0.5],
  ])('are taken as often as %o says', (environment, ratio) => {
    expect(on(true, environment)?.ratio).toBe(ratio);
  });

  it('go by what the code says before what the environment says', () => {
    const environment = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'always_on' };
    expect(on(false, environment)).toBeNull();
    expect(on({ ratio: 0.2, url: 'http://127.0.0.1:4318' }, environment)).toEqual({
      url: 'http://127.0.0.1:4318/v1/traces',
      ratio: 0.2,
    });
    expect(on({ url: 'https://host/own/path' }, {})?.url).toBe('https://host/own/path');
  });

  it.each([
    [{ OTEL_TRACES_EXPORTER: 'zipkin' }, 'zipkin'],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'jaeger_remote'],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER_ARG: 'often' }, 'often'],
    [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'gRPC'],
  ])('tell what of %o is not followed', (environment, word) => {
    expect(traceSettings(undefined, environment).warnings).toEqual([expect.stringContaining(word)]);
  });

  it.each([{ ratio: 2 }, { ratio: Number.NaN }, { url: 'collector' }, { url: 'ftp://collector' }])(
    'refuse %o',
    (option) => {
      expect(() => traceSettings(option, {})).toThrow(/must be/);
    },
  );
});
