import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Histogram } from '../../flow/histogram.js';
import type { RuntimeStats } from '../../node/state.js';
import { readTextFormat } from '../../testing/text-format.js';
import { exposition } from './exposition.js';
import { metricsOf, type Snapshot } from './metrics.js';
import { MetricsServer } from './server.js';

const latency = new Histogram();
for (const ms of [1, 2, 3, 40]) latency.record(ms * 1e6);

const stats: RuntimeStats = {
  ...{
    runtime_id: 'r1',
    name: 'demo "one"',
    state: 'running',
    uptime_secs: 12.5,
    frames_in: 9,
    frames_out: 8,
  },
  ...{ dropped: 3, dropped_by: { replaced: 2, lost: 1 }, fps: 30, latency_ms: null, restarts: 1, errors: 0 },
  nodes: {
    effect: {
      ...{ type: 'python', state: 'running', failure: null, frames_in: 9, frames_out: 8, dropped: 3 },
      ...{
        dropped_by: {},
        errors: 2,
        failed_calls: 2,
        last_error: null,
        restarts: 1,
        pid: process.pid,
        connection_id: 'c',
        leases: 3,
      },
      latency_ms: latency.summary(),
      metrics: { faces: 4 },
      inputs: {
        video: {
          ...{ frames: 9, direct: 0, waiting: 2, dropped: 2, dropped_by: { replaced: 2 } },
          latency_ms: latency.summary(),
        },
      },
      outputs: {
        video: { frames: 8, direct: 0, waiting: 0, latency_ms: null, dropped: 1, dropped_by: { lost: 1 } },
      },
    },
  },
};
const snapshot: Snapshot = {
  stats,
  latencies: [{ node: 'effect', port: 'video', ages: latency }],
  processes: new Map([[process.pid, { cpuSeconds: 1.5, residentBytes: 4096 }]]),
  pid: process.pid,
  leases: 7,
  descriptors: 3,
};

/** `name{labels} value` as a map; fails on a line that is not of the format. */
function parse(text: string): Map<string, number> {
  const values = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    if (line.startsWith('# HELP ') || line.startsWith('# TYPE ')) continue;
    const [, series, value] =
      /^([a-z_:]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)*\})?) ([0-9.e+-]+|[+-]Inf)$/i.exec(line) ?? [];
    if (series === undefined) throw new Error(`not of the format: ${line}`);
    expect(values.has(series), series).toBe(false);
    values.set(series, Number(value));
  }
  return values;
}

describe('what Prometheus is told', () => {
  const text = exposition(metricsOf(snapshot));
  const values = parse(text);

  it.each([
    ['streamlib_frames_in_total{node="effect",port="video"}', 9],
    ['streamlib_frames_out_total{node="effect",port="video"}', 8],
    ['streamlib_frames_dropped_total{node="effect",port="video",reason="replaced"}', 2],
    ['streamlib_frames_dropped_total{node="effect",port="video",reason="lost"}', 1],
    ['streamlib_queue_frames{node="effect",port="video"}', 2],
    ['streamlib_node_restarts_total{node="effect",type="python"}', 1],
    ['streamlib_node_errors_total{node="effect",type="python"}', 2],
    ['streamlib_node_state{node="effect",state="running"}', 1],
    ['streamlib_node_state{node="effect",state="failed"}', 0],
    ['streamlib_node_metric{node="effect",name="faces"}', 4],
    ['streamlib_leases', 7],
    [`streamlib_process_leases{node="effect",pid="${process.pid}"}`, 3],
    [`streamlib_process_cpu_seconds_total{node="effect",pid="${process.pid}"}`, 1.5],
    [`streamlib_process_resident_bytes{node="effect",pid="${process.pid}"}`, 4096],
    ['streamlib_runtime_info{runtime_id="r1",name="demo \\"one\\"",state="running"}', 1],
    ['streamlib_frame_age_seconds_count{node="effect",port="video"}', 4],
    ['streamlib_frame_age_seconds_bucket{node="effect",port="video",le="+Inf"}', 4],
    ['streamlib_frame_age_seconds_bucket{node="effect",port="video",le="0.0005"}', 0],
    ['streamlib_frame_age_seconds_bucket{node="effect",port="video",le="0.01"}', 3],
  ])('%s is %s', (series, value) => {
    expect(values.get(series)).toBe(value);
  });

  it('has quantiles and a sum that fit the values', () => {
    const quantile = (q: string) =>
      values.get(`streamlib_frame_age_quantile_seconds{node="effect",port="video",quantile="${q}"}`);
    expect(quantile('0.5')).toBeCloseTo(0.002, 3);
    expect(quantile('0.95')).toBeCloseTo(0.04, 3);
    expect(quantile('0.99')).toBeCloseTo(0.04, 3);
    expect(values.get('streamlib_frame_age_seconds_sum{node="effect",port="video"}')).toBeCloseTo(0.046, 6);
  });

  it('has buckets that never go down', () => {
    const buckets = [...values].filter(([series]) => series.includes('_bucket')).map(([, value]) => value);
    expect(buckets).toEqual([...buckets].sort((a, b) => a - b));
  });

  it('S7: is what a strict reader of the format takes, quantiles included', () => {
    const families = readTextFormat(text);
    expect(families.length).toBeGreaterThan(12);
    expect(families.find(({ name }) => name === 'streamlib_frame_age_quantile_seconds')?.type).toBe(
      'summary',
    );
    const odd = { ...snapshot, stats: { ...stats, name: 'a\\ "b"\nc' } };
    expect(() => readTextFormat(exposition(metricsOf(odd)))).not.toThrow();
    // What it was before.
    const gauge = '# HELP a_seconds A\n# TYPE a_seconds gauge\na_seconds{quantile="0.5"} 1\n';
    expect(() => readTextFormat(gauge)).toThrow(/quantile is for summaries/);
  });

  it('says of each metric what it is, once', () => {
    const types = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(new Set(types).size).toBe(types.length);
    expect(exposition([{ name: 'none', help: '', type: 'gauge', samples: [] }])).toBe('');
  });
});

describe('the server', () => {
  let home: string;
  let server: MetricsServer;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), 'streamlib-metrics-'));
    process.env.STREAMLIB_HOME = home;
    server = await MetricsServer.open({ id: 'r1', stats: () => stats }, { port: 0 });
  });
  afterEach(async () => {
    await server.close();
    delete process.env.STREAMLIB_HOME;
    rmSync(home, { recursive: true, force: true });
  });

  it('answers with what there is at that moment, real processes included', async () => {
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const values = parse(await answer.text());
    expect(values.get(`streamlib_process_resident_bytes{node="",pid="${process.pid}"}`)).toBeGreaterThan(1e6);
    expect(values.get('streamlib_frame_age_seconds_count{node="effect",port="video"}')).toBe(4);
    expect(await (await fetch(`${server.url}/stats.json`)).json()).toMatchObject({
      stats: { name: stats.name },
    });
  });

  it('answers nothing else, nobody who writes, and no page that calls this machine by a name of its own', async () => {
    expect((await fetch(`${server.url}/`)).status).toBe(404);
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).status).toBe(405);
    const status = await new Promise((resolve) => {
      get(`${server.url}/metrics`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    expect(status).toBe(403);
    const page = await fetch(`${server.url}/metrics`, { headers: { origin: 'http://evil.example' } });
    expect([page.status, await page.text()]).toEqual([
      403,
      'Web pages of other sites are not answered here. Ask from a program, without an Origin header.\n',
    ]);
  });

  it('leaves a note for `streamlib top`, for this user only, and takes it away', async () => {
    const folder = join(home, 'metrics');
    expect(readdirSync(folder)).toEqual(['r1.json']);
    expect(statSync(join(folder, 'r1.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, 'r1.json'), 'utf8'))).toMatchObject({ url: server.url });
    await server.close();
    expect(existsSync(join(folder, 'r1.json'))).toBe(false);
  });

  it('S7: a second one takes the next free port where it may', async () => {
    const port = Number(new URL(server.url).port);
    const second = await MetricsServer.open({ id: 'r2', stats: () => stats }, { port, further: 20 });
    expect(Number(new URL(second.url).port)).toBeGreaterThan(port);
    expect((await fetch(`${second.url}/metrics`)).status).toBe(200);
    await second.close();
  });

  it('says so when the port is taken', async () => {
    const port = Number(new URL(server.url).port);
    await expect(MetricsServer.open({ id: 'r2', stats: () => stats }, { port })).rejects.toThrow(
      `127.0.0.1:${port}`,
    );
  });
});
