import { bytesPerPixel, type PixelFormat } from '@streamlib/host-bridge';

/** Anything that rows of pixels can be written to: a `Texture`, or a test's own memory. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly stride: number;
  readonly format: PixelFormat;
  readonly bytes: Uint8Array;
}

export type Rgb = readonly [number, number, number];

const BARS: readonly Rgb[] = [
  [235, 235, 235],
  [235, 235, 16],
  [16, 235, 235],
  [16, 235, 16],
  [235, 16, 235],
  [235, 16, 16],
  [16, 16, 235],
  [16, 16, 16],
];
const SQUARE: Rgb = [255, 128, 0];

/** The colour of one pixel of frame `n`, in red, green, blue: bars that wander to the left, and a square that goes across them. */
export function testPatternPixel(n: number, x: number, y: number, width: number, height: number): Rgb {
  const square = squareAt(n, width, height);
  if (x >= square.x && x < square.x + square.side && y >= square.y && y < square.y + square.side)
    return SQUARE;
  const bar = Math.floor((((x + 2 * n) % width) * BARS.length) / width);
  return BARS[bar] ?? SQUARE;
}

/** Draws frame `n`. One row of bars is made and copied down, so that it costs little. */
export function drawTestPattern(canvas: Canvas, n: number): void {
  for (const _ of testPatternSlices(canvas, n));
}

/** Draws frame `n` as well, but lets the event loop go on between two slices of it. */
export async function drawTestPatternInSlices(canvas: Canvas, n: number): Promise<void> {
  let isFirst = true;
  for (const _ of testPatternSlices(canvas, n)) {
    if (!isFirst) await new Promise((resolve) => setImmediate(resolve));
    isFirst = false;
  }
}

/** So many bytes are copied in well under 2 ms. */
const SLICE_BYTES = 1 << 20;

/** Draws frame `n` while it is iterated over, a slice for each step. */
function* testPatternSlices(canvas: Canvas, n: number): Generator<void> {
  const { width, height, stride, bytes, format } = canvas;
  const rowBytes = width * bytesPerPixel(format);
  const square = squareAt(n, width, height);
  let copied = 0;
  for (let x = 0; x < width; x++) put(bytes, x, testPatternPixel(n, x, -1, width, height), format);
  for (let y = 1; y < height; y++) {
    bytes.copyWithin(y * stride, 0, rowBytes);
    copied += rowBytes;
    if (copied < SLICE_BYTES) continue;
    copied = 0;
    yield;
  }
  const top = bytes.subarray(square.y * stride);
  for (let x = square.x; x < square.x + square.side; x++) put(top, x, SQUARE, format);
  const [from, to] = [square.x * bytesPerPixel(format), (square.x + square.side) * bytesPerPixel(format)];
  for (let y = 1; y < square.side; y++) top.copyWithin(y * stride + from, from, to);
  yield;
}

function put(row: Uint8Array, x: number, colour: Rgb, format: PixelFormat): void {
  const [red, green, blue] = colour;
  const size = bytesPerPixel(format);
  const at = x * size;
  if (size === 1) {
    row[at] = Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
    return;
  }
  const redFirst = format === 'rgb8' || format === 'rgba8';
  row[at] = redFirst ? red : blue;
  row[at + 1] = green;
  row[at + 2] = redFirst ? blue : red;
  if (size === 4) row[at + 3] = 255;
}

function squareAt(n: number, width: number, height: number): { x: number; y: number; side: number } {
  const side = Math.max(1, Math.floor(Math.min(width, height) / 6));
  return { x: bounce(n * 4, width - side), y: bounce(n * 3, height - side), side };
}

/** To and fro between 0 and `limit`. */
function bounce(distance: number, limit: number): number {
  if (limit <= 0) return 0;
  const at = distance % (2 * limit);
  return at <= limit ? at : 2 * limit - at;
}
