import type { NodeStats, RuntimeStats } from '@streamlib/runtime';
import { describe, expect, it, vi } from 'vitest';
import { PLAIN, understandsEscapes, visibleLength } from '../output/palette.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { Interrupts } from './interrupts.js';
import { metricsAt, metricsLine } from './metrics.js';
import { pageIn, pageOf } from './page.js';
import { Progress, progressLines, rates } from './progress.js';
import { droppedText, exitCodeOf, resultJson, summaryLines } from './result.js';

const node = (more: Partial<NodeStats> = {}): NodeStats => ({
  type: 'python',
  state: 'running',
  failure: null,
  frames_in: 300,
  frames_out: 290,
  dropped: 10,
  dropped_by: { replaced: 10 },
  errors: 0,
  failed_calls: 0,
  last_error: null,
  restarts: 0,
  pid: 1,
  connection_id: null,
  leases: null,
  latency_ms: null,
  metrics: {},
  inputs: {},
  outputs: {},
  ...more,
});

const stats: RuntimeStats = {
  runtime_id: 'r1',
  name: 'demo',
  state: 'stopped',
  uptime_secs: 10.5,
  frames_in: 300,
  frames_out: 290,
  dropped: 10,
  dropped_by: { replaced: 8, not_ready: 2, pool_full: 0 },
  fps: 29.97,
  latency_ms: { count: 290, p50: 4.2, p90: 6, p95: 9, p99: 12.5, max: 20 },
  restarts: 0,
  errors: 0,
  nodes: { camera: node({ type: 'camera' }), effect: node() },
};

describe('the result of a run', () => {
  it('has the fields that people script against', () => {
    const result = resultJson(stats, { reason: 'stopped', failures: [] }, 10);
    expect(result).toMatchObject({
      frames_in: 300,
      frames_out: 290,
      dropped: 10,
      fps: 29.97,
      latency_ms: { p50: 4.2, p99: 12.5 },
      restarts: 0,
      errors: 0,
      duration_secs: 10,
    });
  });

  it('has them also when no frame came through', () => {
    const result = resultJson({ ...stats, latency_ms: null }, { reason: 'stopped', failures: [] }, 0);
    expect(result.latency_ms).toMatchObject({ p50: null, p99: null });
  });

  it('is told to a person with the reasons of what was dropped', () => {
    expect(droppedText(stats)).toBe('10 dropped (replaced 8, not_ready 2)');
    const text = summaryLines(stats, { reason: 'stopped', failures: [] }, 10, PLAIN).join('\n');
    expect(text).toContain('demo stopped after 10s: 300 frames in, 290 out');
    expect(text).toContain('30.0 fps, latency 4.20 ms (p50), 12.5 ms (p99)');
  });

  it('shows what a name or a failure holds that would steer the terminal or forge a line', () => {
    const failures = [{ node: 'effect', message: 'no \x1b[2J\rok\neffect: fine' }];
    const lines = summaryLines({ ...stats, name: 'a\x1b[31m\nb' }, { reason: 'failed', failures }, 10, PLAIN);
    expect(lines[1]).toContain('a\\x1b[31m b failed');
    expect(lines.at(-1)).toBe('effect: no \\x1b[2J\\x0dok\n    effect: fine');
    expect(progressLines({ ...stats, name: 'a\x1b[2J\nb' }, new Map(), PLAIN, 80)[0]).toContain(
      'a\\x1b[2J b',
    );
  });

  it('is a failure once a node failed for good', () => {
    expect(exitCodeOf({ reason: 'stopped', failures: [] })).toBe(0);
    expect(exitCodeOf({ reason: 'finished', failures: [{ node: 'effect', message: 'no' }] })).toBe(1);
    expect(exitCodeOf({ reason: 'failed', failures: [] })).toBe(1);
  });
});

describe('progress', () => {
  it('counts frames per second between two looks', () => {
    const before = { at: 1_000, frames: new Map([['camera', 10]]) };
    const now = { at: 1_500, frames: new Map([['camera', 25]]) };
    expect(rates(before, now).get('camera')).toBe(30);
    expect(rates(null, now).size).toBe(0);
  });

  it('draws nothing over on a terminal that cannot (TERM=dumb), and where there is none', () => {
    vi.useFakeTimers();
    try {
      const io = new RecordedIo();
      const progress = new Progress(io, () => stats);
      progress.begin();
      vi.advanceTimersByTime(2_000);
      progress.line('told');
      progress.end();
      expect(io.errLines).toEqual(['told']);
    } finally {
      vi.useRealTimers();
    }
    expect(understandsEscapes(true, { TERM: 'dumb' })).toBe(false);
    expect(understandsEscapes(true, { TERM: 'xterm' })).toBe(true);
    expect(understandsEscapes(false, { TERM: 'xterm' })).toBe(false);
  });

  it('never wraps a line', () => {
    const lines = progressLines(stats, new Map(), PLAIN, 30);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(visibleLength(line)).toBeLessThan(30);
  });
});

describe('the page of a display', () => {
  it.each([
    ['the page is at http://127.0.0.1:8080/', 'http://127.0.0.1:8080/'],
    ['see http://localhost:8080.', 'http://localhost:8080'],
    ['no page here', null],
  ])('is found in "%s"', (message, url) => {
    expect(pageIn(message)).toBe(url);
  });

  it('is that of a display: an address that another processor logs is not opened', () => {
    const nodes = [
      { id: 'effect', node_type: 'python', params: {} },
      { id: 'screen', node_type: 'display', params: {} },
    ];
    expect(pageOf('effect', 'fetched http://elsewhere.example/', nodes)).toBeNull();
    expect(pageOf('screen', 'the page is at http://127.0.0.1:8080/', nodes)).toBe('http://127.0.0.1:8080/');
  });
});

describe('Interrupts', () => {
  it('asks to stop first, then ends', async () => {
    const said: string[] = [];
    const interrupts = new Interrupts(
      () => said.push('stop'),
      (code) => said.push(`exit ${code}`),
    );
    try {
      process.emit('SIGINT');
      await interrupts.first;
      expect(said).toEqual(['stop']);
      process.emit('SIGINT');
      expect(said).toEqual(['stop', 'exit 130']);
    } finally {
      interrupts.close();
    }
  });
});

describe('S7: metrics of a second graph', () => {
  it('are at the next free port, with a word', () => {
    expect(metricsAt(true)).toMatchObject({ port: 9464, further: expect.any(Number) });
    expect(metricsLine('http://127.0.0.1:9465', { port: 9464 })).toBe(
      'Metrics are at http://127.0.0.1:9465/metrics (port 9464 is in use)',
    );
    expect(metricsLine('http://127.0.0.1:9464', { port: 9464 })).toBe(
      'Metrics are at http://127.0.0.1:9464/metrics',
    );
    // A port that was said is meant.
    expect(metricsAt('9500')).toEqual({ port: 9500 });
  });
});
