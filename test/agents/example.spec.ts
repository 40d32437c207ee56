import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, World } from '../harness/world.js';
import { boxOf, decodePng } from './png.js';

let world: World;
let folder: string;

beforeAll(async () => {
  world = await World.open('agent-example');
  folder = mkdtempSync(join(tmpdir(), 'streamlib-agent-example-'));
  // OpenCV, as somebody who runs the example has it.
  const example = world.streamlib('validate', join(checkout, 'examples/face-detector/graph.yaml'));
  expect(await example.exited, example.report()).toBe(0);
}, 120_000);
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the scripted agent of examples/agent', () => {
  it('builds camera → face detector → display from nothing, and ends with a boxed face', async () => {
    const agent = world.node(join(checkout, 'examples/agent/agent.mjs'), ['--port', '0', '--out', folder]);
    expect(await agent.exited, agent.report()).toBe(0);
    const said = agent.lines.join('\n');
    expect(said).toMatch(/of 10 frames have a face/);
    expect(said).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    const box = boxOf(decodePng(readFileSync(join(folder, 'agent.png'))), [80, 255, 120]);
    expect(box?.width).toBeGreaterThanOrEqual(80);
    expect(box?.pixels).toBeLessThan(((box?.width ?? 0) + (box?.height ?? 0)) * 12);
    expect(readFileSync(join(folder, 'agent-graph', 'graph.yaml'), 'utf8')).toContain('detector.video_out');
  }, 120_000);
});
