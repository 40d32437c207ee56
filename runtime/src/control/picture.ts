import { describePixelFormat, type Texture } from '@streamlib/host-bridge';
import { type PixelReader, rgbReader } from './pixels/rgb.js';
import type { Picture } from './png.js';

const CHANNELS = { gray8: 1, rgb8: 3, bgr8: 3, rgba8: 4, bgra8: 4 } as const;

/** A copy of a texture's pixels, no wider than `maxWidth`: each pixel of the smaller picture is the mean of those that it covers. */
export function pictureOf(texture: Texture, maxWidth: number): Picture {
  const { width, height, format } = texture;
  const scale = Math.max(1, Math.ceil(width / maxWidth));
  const [w, h] = [Math.max(1, Math.floor(width / scale)), Math.max(1, Math.floor(height / scale))];
  return isOfBytes(format)
    ? ofBytes(texture, CHANNELS[format], w, h, scale)
    : ofReader(texture, rgbReader(texture), w, h, scale);
}

function isOfBytes(format: string): format is keyof typeof CHANNELS {
  return Object.hasOwn(CHANNELS, format);
}

function ofBytes(texture: Texture, channels: 1 | 3 | 4, w: number, h: number, scale: number): Picture {
  const { stride, format, bytes } = texture;
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

/** Of a much larger picture not every pixel is converted: so many across and down for each that is shown. */
const MOST_SAMPLES = 2;

function ofReader(texture: Texture, read: PixelReader, w: number, h: number, scale: number): Picture {
  const { model, planes } = describePixelFormat(texture.format);
  const channels = model === 'gray' ? 1 : planes[0]?.includes('a') ? 4 : 3;
  const pixels = new Uint8ClampedArray(w * h * channels);
  const samples = Math.min(scale, MOST_SAMPLES);
  const step = scale / samples;
  const one = new Float64Array(4);
  const sum = new Float64Array(4);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      sum.fill(0);
      for (let dy = 0; dy < samples; dy++)
        for (let dx = 0; dx < samples; dx++) {
          read(x * scale + Math.floor(dx * step), y * scale + Math.floor(dy * step), one);
          for (let c = 0; c < channels; c++) sum[c] = (sum[c] ?? 0) + (one[c] ?? 0);
        }
      for (let c = 0; c < channels; c++)
        pixels[(y * w + x) * channels + c] = ((sum[c] ?? 0) * 255) / (samples * samples);
    }
  }
  return { width: w, height: h, channels, pixels: new Uint8Array(pixels.buffer) };
}
