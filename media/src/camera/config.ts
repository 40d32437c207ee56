import { filePath } from '@streamlib/processor';
import { z } from 'zod';
import { COLOR, TONE_MAP } from '../ffmpeg/colour-filters.js';
import { DEINTERLACE } from '../ffmpeg/picture-filters.js';

export const TEST_PATTERN = 'test-pattern';

const side = z.number().int().min(2).max(16384);

export const cameraConfig = z.object({
  /**
   * A film or a picture, a folder of pictures, a series of them (`frames/*.jpg`, `seq_%04d.png`), a device (`device:0`,
   * `/dev/video0`) or `test-pattern`.
   */
  source: filePath({
    except: [TEST_PATTERN],
    devices: { deviceClass: 'camera', pattern: '(device:|/dev/video)\\d+' },
  }).default(TEST_PATTERN),
  /** Begins a file again when it has ended. */
  loop: z.boolean().default(true),
  /** Of a file, where it is begun, in seconds. */
  start: z.number().min(0).optional(),
  /** Of a file, where it ends, in seconds; after `start`. */
  end: z.number().positive().optional(),
  /** Of a file, how fast it is played: 2 is twice as fast. */
  speed: z.number().min(0.01).max(100).optional(),
  /** Size of the pictures that leave here; the source's own by default. One of them alone keeps the shape. */
  width: side.optional(),
  height: side.optional(),
  /** Frames per second at most; a device is asked for it. How many pictures of a folder or a series: 25 by default; of the test pattern: 30. */
  fps: z.number().positive().max(1000).optional(),
  /**
   * What is done with interlaced video: `auto` makes whole pictures of those that are flagged as such, `bob` makes one of each
   * field, at twice the rate, `off` leaves both fields in one picture.
   */
  deinterlace: z.enum(DEINTERLACE).default('auto'),
  /**
   * `live`: each picture when it is due, those that are too late are left out. `media`: as fast as readers take them, and none is
   * left out; what has no time of its own, a device, is always live.
   */
  clock: z.enum(['live', 'media']).default('live'),
  /** What is done with HDR (HLG, PQ): `auto` maps it to the range of a usual screen, `off` passes its values on. */
  tone_map: z.enum(TONE_MAP).default('auto'),
  /** `auto` makes colours of BT.709 from those of BT.2020 and P3; `source` passes them on as they are. */
  color: z.enum(COLOR).default('auto'),
  /** The layout of the pixels. */
  format: z.enum(['rgb8', 'rgba8', 'bgra8', 'bgr8', 'gray8']).default('rgb8'),
});

export type CameraConfig = z.infer<typeof cameraConfig>;

export type Source =
  | { readonly kind: 'pattern' }
  | { readonly kind: 'device'; readonly device: string }
  | { readonly kind: 'file'; readonly path: string };

export function sourceOf(source: string): Source {
  if (source === TEST_PATTERN) return { kind: 'pattern' };
  if (source.startsWith('device:')) return { kind: 'device', device: source.slice('device:'.length) };
  if (/^\/dev\/video\d+$/.test(source)) return { kind: 'device', device: source };
  return { kind: 'file', path: source };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface WantedSize {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

/** The size that is sent for pictures of `natural` size. */
export function sizeFor(natural: Size, wanted: WantedSize): Size {
  const { width, height } = wanted;
  if (width !== undefined && height !== undefined) return { width, height };
  if (width !== undefined) return { width, height: scaled(natural.height, width, natural.width) };
  if (height !== undefined) return { width: scaled(natural.width, height, natural.height), height };
  return natural;
}

function scaled(side: number, to: number, from: number): number {
  return Math.max(1, Math.round((side * to) / from));
}
