import { createRequire } from 'node:module';
import { queryObjects } from 'node:v8';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startPipeline } from '../../testing/pipeline.js';
import { openSandbox, type Sandbox } from '../../testing/sandbox.js';
import { pythonFile, type Watched, watched } from '../../testing/world.js';
import { FrameTraces } from './frame-traces.js';

let sandbox: Sandbox;
let world: Watched;
beforeAll(async () => {
  sandbox = await openSandbox();
}, 120_000);
afterAll(() => sandbox.close());
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) vi.stubEnv(name, undefined);
});
afterEach(async () => {
  await world.runtime.stop();
  vi.unstubAllEnvs();
});

/** Modules of OpenTelemetry's SDK that this process has loaded. */
const loaded = () =>
  Object.keys(createRequire(import.meta.url).cache).filter((path) =>
    /@opentelemetry\/(sdk|otlp|exporter)/.test(path),
  );

async function graph(options: Parameters<typeof watched>[0]) {
  world = watched(options);
  const { source, sink } = await startPipeline(world, { file: pythonFile('invert.py') });
  await world.reaches('effect', 'running');
  source.send(1);
  await expect.poll(() => sink.frames.length).toBe(1);
  return world.runtime.liveGraph.nodes.flatMap(({ node }) =>
    [...node.inputs.values(), ...node.outputs.values()].map(({ probe }) => probe),
  );
}

// In this order: what is loaded stays so.
describe('traces', () => {
  it('that are off load nothing, make nothing and look at no port', async () => {
    const probes = await graph({});
    expect(probes).toEqual([undefined, undefined, undefined, undefined]);
    expect(loaded()).toEqual([]);
    expect(queryObjects(FrameTraces, { format: 'count' })).toBe(0);
  });

  it('that are on do all three', async () => {
    const probes = await graph({ traces: { url: 'http://127.0.0.1:9', ratio: 0.001 } });
    expect(probes.map((probe) => typeof probe)).toEqual(['object', 'object', 'object', 'object']);
    expect(loaded()).not.toEqual([]);
    expect(queryObjects(FrameTraces, { format: 'count' })).toBe(1);
  });
});
