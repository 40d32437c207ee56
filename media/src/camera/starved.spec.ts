import { debugCounts } from '@streamlib/host-bridge';
import { expect, it } from 'vitest';
import { TestNode } from '../testing/graph.js';
import { camera } from './camera.js';

it('a source that is slower than its rate starved the event loop (G4)', async () => {
  const node = new TestNode(camera, { source: 'test-pattern', width: 3840, height: 2160, fps: 1000 });
  await node.node.setup();
  await node.node.start();
  let longest = 0;
  // Timers come, while the source has more to draw than time for it.
  for (let n = 0, last = performance.now(); n < 50; n++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }
  // Of the machine's own making, where others use it as well; a picture that is drawn at once takes 10 ms or more.
  expect(longest).toBeLessThan(500);
  const deadline = performance.now() + 20_000;
  while ((node.node.stats().dropped_by.late ?? 0) === 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(node.node.stats().dropped_by.late).toBeGreaterThan(0);
  const asked = performance.now();
  await node.node.stop();
  expect(performance.now() - asked).toBeLessThan(1000);
  expect(debugCounts().leases).toBe(0);
}, 30_000);
