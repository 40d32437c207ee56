import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { checkout, World } from './harness/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open('page');
});
afterAll(() => world.close());

it('the page in Chromium shows the picture that Python made, at its rate', async () => {
  const program = world.streamlib(
    'run',
    'examples/camera-python-display/graph.yaml',
    '--set',
    'display.port=0',
    '--set',
    `effect.file=${join(checkout, 'test/fixtures/paint.py')}`,
  );
  const url = await program.error((line) => /http:\/\/127\.0\.0\.1:\d+\//.exec(line)?.[0], 60_000);
  const browser = await chromium.launch({
    executablePath: process.env.STREAMLIB_CHROMIUM ?? 'chromium',
    args: ['--no-sandbox'],
  });
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    // Left half blue, right half yellow, in a square that moves with the frame's number.
    // As text: it runs in the page, whose types this project does not otherwise need.
    const pixel = (x: number, y: number) =>
      page.evaluate<number[] | null>(`(() => {
        const canvas = document.querySelector('canvas');
        if (canvas === null || canvas.width === 0) return null;
        const { data } = canvas.getContext('2d').getImageData(${x} * canvas.width, ${y} * canvas.height, 1, 1);
        return [...data.slice(0, 3)];
      })()`);
    const near = (found: number[] | null, wanted: number[]) =>
      found?.every((value, channel) => Math.abs(value - (wanted[channel] ?? 0)) <= 12) === true;
    await expect
      .poll(async () => near(await pixel(0.25, 0.5), [20, 60, 200]), { timeout: 20_000 })
      .toBe(true);
    expect(near(await pixel(0.75, 0.5), [240, 200, 30]), String(await pixel(0.75, 0.5))).toBe(true);
    // It moves: the frame's number goes up.
    const number = async () =>
      Number(/frame (\d+)/.exec((await page.locator('body').textContent()) ?? '')?.[1] ?? -1);
    const first = await number();
    await expect.poll(number, { timeout: 10_000 }).toBeGreaterThan(first);
    expect(complaints).toEqual([]);
  } finally {
    await browser.close();
  }
  program.kill('SIGINT');
  expect(await program.exited, program.report()).toBe(0);
}, 90_000);
