import type { Canvas } from '../camera/test-pattern.js';
import { testPatternPixel } from '../camera/test-pattern.js';

export type Pixels = Pick<Canvas, 'width' | 'height' | 'stride' | 'bytes'>;

/** A copy that outlives the texture. */
export function keep({ width, height, stride, bytes }: Pixels): Pixels {
  return { width, height, stride, bytes: Uint8Array.from(bytes) };
}

export function pixelAt(picture: Pixels, x: number, y: number): [number, number, number] {
  const at = y * picture.stride + x * 3;
  const [red = -1, green = -1, blue = -1] = picture.bytes.subarray(at, at + 3);
  return [red, green, blue];
}

/** How far a picture is from frame `n` of the test pattern, as the mean over all its bytes; lossy coding stays well below 4. */
export function distanceFromPattern(picture: Pixels, n: number): number {
  let sum = 0;
  for (let y = 0; y < picture.height; y++) {
    for (let x = 0; x < picture.width; x++) {
      const is = pixelAt(picture, x, y);
      const should = testPatternPixel(n, x, y, picture.width, picture.height);
      for (let i = 0; i < 3; i++) sum += Math.abs((is[i] ?? 0) - (should[i] ?? 0));
    }
  }
  return sum / (picture.width * picture.height * 3);
}

/** Which frame of the pattern it is: the nearest of the first `count`. */
export function patternFrame(picture: Pixels, count: number): number {
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let n = 0; n < count; n++) {
    const distance = distanceFromPattern(picture, n);
    if (distance < least) [best, least] = [n, distance];
  }
  return best;
}
