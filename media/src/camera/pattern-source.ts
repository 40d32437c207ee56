import type { PictureSource, SourcePicture } from './picture-source.js';
import { drawTestPatternInSlices } from './test-pattern.js';

const SIZE = { width: 1280, height: 720 };
const FPS = 30;

/** The test pattern: its frame `n` is due `n / fps` seconds after its first. */
export class PatternSource implements PictureSource {
  private n = 0;

  constructor(private readonly fps: number = FPS) {}

  async next(): Promise<SourcePicture> {
    const n = this.n++;
    const timestamp = BigInt(Math.round((n * 1e9) / this.fps));
    return {
      timestamp,
      mediaTime: timestamp,
      size: SIZE,
      draw: (target) => drawTestPatternInSlices(target, n),
    };
  }

  async close(): Promise<void> {}

  interrupt(): void {}
}
