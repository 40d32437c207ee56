import type { Texture } from '@streamlib/host-bridge';
import type { Picture } from './png.js';

const CHANNELS = { gray8: 1, rgb8: 3, bgr8: 3, rgba8: 4, bgra8: 4 } as const;

/** A copy of a texture's pixels, no wider than `maxWidth`: each pixel of the smaller picture is the mean of those that it covers. */
export function pictureOf(texture: Texture, maxWidth: number): Picture {
  const { width, height, stride, format, bytes } = texture;
  const channels = CHANNELS[format as keyof typeof CHANNELS];
  const scale = Math.max(1, Math.ceil(width / maxWidth));
  const [w, h] = [Math.max(1, Math.floor(width / scale)), Math.max(1, Math.floor(height / scale))];
  const swap = format === 'bgr8' || format === 'bgra8';
  const pixels = new Uint8Array(w * h * channels);
  const area = scale * scale;
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let c = 0; c < channels; c++) {
        const from = swap && c < 3 ? 2 - c : c;
        let sum = 0;
        for (let dy = 0; dy < scale; dy++) {
          const row = (y * scale + dy) * stride + x * scale * channels + from;
          for (let dx = 0; dx < scale; dx++) sum += bytes[row + dx * channels] ?? 0;
        }
        pixels[(y * w + x) * channels + c] = sum / area;
      }
    }
  }
  return { width: w, height: h, channels, pixels };
}
