import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkout, World } from '../harness/world.js';
import { boxOf, decodePng } from './png.js';

let world: World;
let folder: string;
const script = join(checkout, 'examples/agent/agent.ts');

beforeAll(async () => {
  world = await World.open('agent-example');
  folder = mkdtempSync(join(tmpdir(), 'streamlib-agent-example-'));
  // OpenCV, as somebody who runs the example has it.
  const example = world.streamlib('packages', 'add', 'opencv-python-headless>=4.10,<5');
  expect(await example.exited, example.report()).toBe(0);
}, 120_000);
afterAll(async () => {
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the scripted agent of examples/agent', () => {
  it('builds camera → face detector → display from nothing, and ends with a boxed face', async () => {
    const agent = world.typescript(script, ['--port', '0', '--out', folder]);
    expect(await agent.exited, agent.report()).toBe(0);
    const said = agent.lines.join('\n');
    expect(said).toMatch(/of 10 frames have a face/);
    expect(said).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    const box = boxOf(decodePng(readFileSync(join(folder, 'agent.png'))), [80, 255, 120]);
    expect(box?.width).toBeGreaterThanOrEqual(80);
    expect(box?.pixels).toBeLessThan(((box?.width ?? 0) + (box?.height ?? 0)) * 12);
    expect(readFileSync(join(folder, 'agent-graph', 'graph.yaml'), 'utf8')).toContain('detector.video_out');
  }, 120_000);

  it('says what it waits for where OpenCV is not installed, and ends when a person says no', async () => {
    const bare = await World.open('agent-waits');
    try {
      // An environment of its own, without OpenCV, as somebody has it who begins.
      delete bare.sandbox.env.STREAMLIB_VENV;
      const agent = bare.typescript(script, ['--port', '0', '--out', folder]);
      const advice = await agent.line(
        (line) => /`(\.streamlib\/bin\/streamlib packages approve .+)`/.exec(line)?.[1],
        90_000,
      );
      expect(advice).toBe('.streamlib/bin/streamlib packages approve opencv-python-headless');
      const pending = await bare.json<{ name: string; version: string }[]>('packages', 'pending');
      expect(pending).toMatchObject([{ name: 'opencv-python-headless', version: '>=4.10,<5' }]);

      const denied = bare.streamlib('packages', 'deny', 'opencv-python-headless', '--reason', 'not here');
      expect(await denied.exited, denied.report()).toBe(0);
      expect(await agent.exited, agent.report()).toBe(1);
      expect(agent.lines.join('\n')).toContain('opencv-python-headless is denied');
      expect(agent.lines.filter((line) => line.includes('is pending'))).toHaveLength(1);
    } finally {
      await bare.close();
    }
  }, 120_000);
});
