import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FramePool, type Texture } from '@streamlib/host-bridge';
import { drawTestPattern } from '../camera/test-pattern.js';
import { VideoWriter } from '../ffmpeg/video-writer.js';

export interface Clip {
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  readonly fps: number;
}

/** A folder that is gone after the test. */
export class TemporaryFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'streamlib-media-'));

  file(name: string): string {
    return join(this.path, name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** Lends one texture and gives it back, with its pool, whatever happens. */
export async function withTexture<T>(
  width: number,
  height: number,
  use: (texture: Texture) => Promise<T> | T,
): Promise<T> {
  const pool = new FramePool();
  const texture = pool.texture(width, height);
  try {
    if (texture === null) throw new Error('no texture');
    return await use(texture);
  } finally {
    texture?.close();
    pool.close();
  }
}

/** Writes a clip of the test pattern: its frame `n` is the pattern's. */
export async function writeClip(path: string, clip: Clip, codec: 'h264' | 'mpeg4' = 'h264'): Promise<void> {
  const { frames, width, height, fps } = clip;
  const writer = await VideoWriter.create(path, {
    codec,
    crf: 1,
    bitrate: codec === 'mpeg4' ? 20_000_000 : undefined,
    ticksPerSecond: 90_000,
    overwrite: true,
  });
  await withTexture(width, height, async (texture) => {
    for (let n = 0; n < frames; n++) {
      drawTestPattern(texture, n);
      await writer.write(texture, BigInt(Math.round((n * 90_000) / fps)));
    }
  });
  await writer.close();
}
