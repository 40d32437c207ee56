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
