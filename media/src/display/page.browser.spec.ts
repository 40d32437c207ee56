import { execFileSync } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { camera } from '../camera/camera.js';
import { testPatternPixel } from '../camera/test-pattern.js';
import { startNodes, stopNodes, TestNode } from '../testing/graph.js';
import { pattern } from '../testing/source.js';
import { display } from './display.js';

const SIZE = { width: 640, height: 360 };
let browser: Browser;
const running: TestNode[] = [];
const pages: Page[] = [];

beforeAll(async () => {
  browser = await chromium.launch({ executablePath: chromiumPath(), args: ['--no-sandbox'] });
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const page of pages.splice(0)) await page.close();
  await stopNodes(...running.splice(0));
});

function chromiumPath(): string {
  if (process.env.STREAMLIB_CHROMIUM !== undefined) return process.env.STREAMLIB_CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Not that one.
    }
  }
  throw new Error('no Chromium was found; install one, or name it in STREAMLIB_CHROMIUM');
}

async function show(
  source: TestNode,
  params: object = {},
): Promise<{ page: Page; node: TestNode; url: string; mistakes: string[] }> {
  const node = new TestNode(display, { port: 0, quality: 95, ...params });
  source.to(node);
  running.push(source, node);
  await startNodes(source, node);
  const url = /http\S+/.exec(await node.log.line(/http/))?.[0] ?? '';
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  pages.push(page);
  const mistakes: string[] = [];
  page.on('pageerror', (error) => mistakes.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') mistakes.push(message.text());
  });
  await page.goto(url);
  return { page, node, url, mistakes };
}

// What runs in the page is written as text: its types are not those of this program.
function canvasPixel(page: Page, x: number, y: number): Promise<number[]> {
  return page.evaluate<number[]>(
    `[...document.querySelector('canvas').getContext('2d').getImageData(${x}, ${y}, 1, 1).data].slice(0, 3)`,
  );
}

const live = (page: Page) => page.waitForSelector('#state[data-state=live]');
const text = (page: Page, id: string) => page.locator(`#${id}`).textContent();

describe('the page', () => {
  it('shows the picture that was sent, in its colours', async () => {
    const source = pattern(SIZE.width, SIZE.height);
    const { page, mistakes } = await show(new TestNode(source.definition));
    await source.send(40);
    await live(page);
    for (const [x, y] of [
      [10, 300],
      [100, 300],
      [300, 20],
      [420, 340],
      [600, 180],
      [165, 125],
    ] as const) {
      const should = testPatternPixel(40, x, y, SIZE.width, SIZE.height);
      const is = await canvasPixel(page, x, y);
      for (let i = 0; i < 3; i++)
        expect(
          Math.abs((is[i] ?? 0) - (should[i] ?? 0)),
          `${x},${y}: ${is} instead of ${should}`,
        ).toBeLessThan(10);
    }
    expect(await text(page, 'size')).toBe('640 × 360');
    expect(mistakes).toEqual([]);
  });

  it('goes on to the next picture, also of another size', async () => {
    const source = pattern(SIZE.width, SIZE.height);
    const { page } = await show(new TestNode(source.definition));
    await source.send(1);
    await live(page);
    await source.send(2, undefined, { width: 320, height: 200 });
    await page.locator('canvas[width="320"]').waitFor();
    expect(await text(page, 'size')).toBe('320 × 200');
  });

  it('tells frame rate, latency and drops of a 720p video', async () => {
    const { page, node } = await show(new TestNode(camera, { fps: 30 }));
    await live(page);
    await page.locator('#fps', { hasText: /^[1-3]\d\.\d$/ }).waitFor();
    expect(await text(page, 'size')).toBe('1280 × 720');
    expect(Number(await text(page, 'p50'))).toBeGreaterThan(0);
    expect(Number(await text(page, 'p50'))).toBeLessThan(1000);
    expect(await text(page, 'dropped')).toMatch(/^\d+$/);
    expect(await text(page, 'node')).toBe('display');
    await page.locator('#dropped-more', { hasText: 'upstream' }).waitFor();
    expect(node.node.stats().metrics.viewers).toBe(1);
  });

  it('says so when the graph stops, and comes back by itself', async () => {
    const source = pattern(SIZE.width, SIZE.height);
    const { page, node, url } = await show(new TestNode(source.definition));
    await source.send(3);
    await live(page);
    await node.node.stop();
    await page.waitForSelector('#state[data-state=lost]');
    expect(await text(page, 'state')).toBe('Connection lost');

    const again = pattern(SIZE.width, SIZE.height);
    const restarted = new TestNode(again.definition);
    const second = new TestNode(display, { port: Number(new URL(url).port) });
    restarted.to(second);
    running.push(restarted, second);
    await startNodes(restarted, second);
    await page.waitForSelector('#state[data-state=waiting]');
    await again.send(4);
    await live(page);
  });

  it('is readable in the dark', async () => {
    const source = pattern(SIZE.width, SIZE.height);
    const { page } = await show(new TestNode(source.definition));
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await ground()).not.toBe(light);
  });
});
