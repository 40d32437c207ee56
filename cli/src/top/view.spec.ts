import type { NodeStats, RuntimeStats } from '@streamlib/runtime';
import { describe, expect, it } from 'vitest';
import { PLAIN } from '../output/palette.js';
import { metricsAt } from '../run/metrics.js';
import { type Look, rows, runtimeLines } from './view.js';

const node = (frames: number, more: Partial<NodeStats> = {}): NodeStats => ({
  ...{ type: 'python', state: 'running', failure: null, frames_in: frames, frames_out: frames, dropped: 0 },
  ...{
    dropped_by: {},
    errors: 0,
    failed_calls: 0,
    last_error: null,
    restarts: 0,
    pid: 7,
    connection_id: null,
    leases: 2,
    metrics: {},
    outputs: {},
  },
  latency_ms: { count: 1, p50: 1.25, p90: 2, p95: 2.5, p99: 9, max: 10 },
  inputs: {
    video: {
      frames,
      direct: 0,
      waiting: 3,
      latency_ms: null,
      dropped: 22,
      dropped_by: { replaced: 20, lost: 2 },
    },
  },
  ...more,
});

function look(at: number, frames: number, cpuSeconds: number): Look {
  const stats = {
    ...{
      runtime_id: 'r1',
      name: 'demo',
      state: 'running',
      uptime_secs: at / 1000,
      nodes: { effect: node(frames) },
    },
  } as unknown as RuntimeStats;
  const processes = [
    [1, { cpuSeconds, residentBytes: 50 * 1024 * 1024 }],
    [7, { cpuSeconds, residentBytes: 80 * 1024 * 1024 }],
  ] as const;
  return { at, told: { stats, pid: 1, leases: 4, processes } };
}

describe('top', () => {
  it('tells rates and CPU of the time between two looks', () => {
    const [row] = rows(look(10_000, 360, 5.5), look(8_000, 300, 5));
    expect(row).toMatchObject({ node: 'effect', inRate: 30, outRate: 30, cpu: 25, waiting: 3, p95: 2.5 });
  });

  it('tells the rates of the whole run, and no CPU, at the first look', () => {
    expect(rows(look(10_000, 300, 5), null)[0]).toMatchObject({ inRate: 30, cpu: null });
  });

  it('draws a line for the runtime and one for each node', () => {
    expect(runtimeLines(look(10_000, 360, 5.5), look(8_000, 300, 5), PLAIN)).toEqual([
      'demo r1  running, up 10s, process 1, 25 % CPU, 50M, 4 leases',
      'NODE    STATE    IN/s  OUT/s  DROP/s  QUEUE  P50  P95  P99 ms  LEASES  CPU%  MEM  RESTARTS  ERRORS  PID',
      'effect  running  30.0   30.0     0.0      3  1.3  2.5     9.0       2    25  80M         0       0    7',
      'dropped at effect.video: replaced 20, lost 2',
    ]);
  });
});

describe('top of a runtime', () => {
  it('shows what its name holds that would steer the terminal', () => {
    const seen = look(10_000, 360, 5.5);
    const named = {
      ...seen,
      told: { ...seen.told, stats: { ...seen.told.stats, name: 'a\x1b[2J\nb' } },
    };
    expect(runtimeLines(named, null, PLAIN)[0]).toMatch(/^a\\x1b\[2J b r1 /);
  });
});

describe('--metrics', () => {
  it.each([
    [undefined, null],
    [true, { port: 9464, further: 100 }],
    ['0', { port: 0 }],
    ['9100', { port: 9100 }],
    ['0.0.0.0:9100', { port: 9100, host: '0.0.0.0' }],
    ['[::1]:9100', { port: 9100, host: '::1' }],
  ])('%s', (option, expected) => {
    expect(metricsAt(option)).toEqual(expected);
  });

  it.each(['', 'here', '70000', 'a:b'])('%j is refused', (option) => {
    expect(() => metricsAt(option)).toThrow('PORT or HOST:PORT');
  });
});
