import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Collector } from './harness/collector.js';
import { World } from './harness/world.js';

let world: World;
let collector: Collector;
beforeEach(async () => {
  world = await World.open('traces');
  collector = await Collector.open();
});
afterEach(async () => {
  await world.close();
  await collector.close();
});

const graph = join('examples', 'camera-python-display', 'graph.yaml');
const run = (...more: string[]) => world.streamlib('run', graph, '--set', 'display.port=0', ...more);

it('a traced frame is followed from its source through Python to the page', async () => {
  const traced = run('--traces', collector.url, '--traces-ratio', '1', '--duration', '4s', '--json');
  expect(await traced.exited).toBe(0);
  expect(collector.requests[0]?.path).toBe('/v1/traces');
  const { runtime_id: runtime } = JSON.parse(traced.lines.at(-1) ?? '') as { runtime_id: string };

  const shown = collector.named('process display');
  expect(shown.length).toBeGreaterThan(10);
  const of = new Map(collector.spans.map((span) => [span.spanId, span]));
  for (const last of shown) {
    const way = [last];
    for (let next = of.get(last.parentSpanId); next !== undefined; next = of.get(next.parentSpanId))
      way.push(next);
    expect(way.map(({ name }) => name)).toEqual([
      'process display',
      'deliver display',
      'process effect',
      'send effect',
      'source camera',
      'frame',
    ]);
    expect(new Set(way.map(({ traceId }) => traceId)).size).toBe(1);
    expect(way.at(-1)?.parentSpanId).toBe('');
    for (const [index, span] of way.entries()) {
      expect(span.end).toBeGreaterThanOrEqual(span.start);
      expect(span.start).toBeGreaterThanOrEqual(way[index + 1]?.start ?? 0n);
    }
    expect(way.at(-1)?.end).toBeGreaterThanOrEqual(last.end);
    const [, deliver, python, send] = way;
    const number = last.attributes['streamlib.frame.number'];
    expect(python?.attributes).toMatchObject({
      'streamlib.runtime.id': runtime,
      'streamlib.processor': 'effect',
      'streamlib.port': 'video_in',
      'streamlib.from': 'camera.video',
      'streamlib.connection.id': expect.stringMatching(/^[\w-]{20}$/),
      'streamlib.frame.number': number,
    });
    expect(send?.attributes['streamlib.connection.id']).toBe(python?.attributes['streamlib.connection.id']);
    expect(deliver?.attributes['streamlib.from']).toBe('effect.video_out');
    expect(last.resource).toMatchObject({ 'service.name': 'streamlib', 'service.instance.id': runtime });
  }
}, 60_000);

it('a frame that went straight from Python to Python is followed from where the runtime sees it', async () => {
  const faces = join('examples', 'face-detector', 'graph.yaml');
  const traced = world.streamlib(
    ...['run', faces, '--set', 'display.port=0', '--duration', '6s'],
    ...['--traces', collector.url, '--traces-ratio', '1'],
  );
  expect(await traced.exited).toBe(0);
  const of = new Map(collector.spans.map((span) => [span.spanId, span]));
  const ways = collector.named('process display').map((last) => {
    const way = [last.name];
    for (let next = of.get(last.parentSpanId); next !== undefined; next = of.get(next.parentSpanId))
      way.push(next.name);
    return way.join(' < ');
  });
  expect(new Set(ways)).toEqual(new Set(['process display < deliver display < direct detector < frame']));
}, 60_000);

it('the environment switches them on, and what it says in secret is in no log', async () => {
  Object.assign(world.sandbox.env, {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=very-secret',
    OTEL_SERVICE_NAME: 'cameras',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.5',
  });
  const traced = run('--duration', '3s', '--json', '--level', 'debug');
  expect(await traced.exited).toBe(0);
  const { frames_in: frames, runtime_id: runtime } = JSON.parse(traced.lines.at(-1) ?? '') as {
    frames_in: number;
    runtime_id: string;
  };
  const begun = collector.named('frame').length;
  expect(begun).toBeGreaterThan(frames * 0.25);
  expect(begun).toBeLessThan(frames * 0.75);
  expect(collector.requests[0]).toMatchObject({ path: '/v1/traces', headers: { 'x-key': 'very-secret' } });
  expect(collector.spans[0]?.resource['service.name']).toBe('cameras');
  const log = readFileSync(join(world.sandbox.home, 'logs', `${runtime}.log`), 'utf8');
  expect(log).toContain('traces are on: one frame in 2');
  expect(log + traced.errors.join('\n')).not.toContain('very-secret');
}, 60_000);

it('a collector that is not there is told once, and the graph does not notice', async () => {
  const { url } = collector;
  await collector.close();
  const traced = run('--traces', url, '--traces-ratio', '1', '--duration', '8s', '--json');
  expect(await traced.exited).toBe(0);
  expect(traced.errors.filter((line) => line.includes("traces can't be sent"))).toEqual([
    expect.stringContaining('ECONNREFUSED'),
  ]);
  const stats = JSON.parse(traced.lines.at(-1) ?? '') as { frames_out: number; errors: number };
  expect(stats.frames_out).toBeGreaterThan(50);
  expect(stats.errors).toBe(0);
  collector = await Collector.open();
}, 60_000);

it('a collector that does not answer holds up the end of a graph for two seconds only', async () => {
  collector.mute = true;
  const traced = run('--traces', collector.url, '--traces-ratio', '1');
  await traced.error((line) => line.includes('The page is at') || undefined);
  await expect.poll(() => collector.requests.length, { timeout: 20_000 }).toBeGreaterThan(0);
  const asked = performance.now();
  traced.kill('SIGINT');
  expect(await traced.exited).toBe(0);
  // Two for the traces, the rest for Python and FFmpeg to end.
  expect(performance.now() - asked).toBeLessThan(5_000);
  expect(traced.errors.filter((line) => line.includes('are lost'))).toHaveLength(1);
}, 60_000);

it.each([
  [['--traces', 'collector'], "traces can't be sent to collector"],
  [['--traces', '--traces-ratio', 'often'], 'must be a number from 0 to 1'],
  [['--traces-ratio', '1'], 'give --traces as well'],
])('wrong options %o are refused', async (options, message) => {
  const refused = run(...options);
  expect(await refused.exited).toBe(2);
  expect(refused.errors.join('\n')).toContain(message);
});
