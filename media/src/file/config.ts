import { filePath } from '@streamlib/processor';
import { z } from 'zod';

export const fileConfig = z
  .object({
    /** Where the video is written. */
    path: filePath(),
    /** H.264 where FFmpeg has x264, MPEG-4 otherwise. */
    codec: z.enum(['auto', 'h264', 'mpeg4']).default('auto'),
    /** H.264's constant quality: 0 is lossless, 18 hardly to be told from the original, 51 the worst. */
    crf: z.number().min(0).max(51).default(20),
    /** Bits per second; takes the place of `crf`. */
    bitrate: z.number().int().min(10_000).max(1_000_000_000).optional(),
    /** Frames per second at most; those that are too many are left out. */
    fps: z.number().positive().max(1000).optional(),
    /** False: a file that is already there is not replaced. */
    overwrite: z.boolean().default(true),
  })
  .refine(({ path }) => /\.(mp4|m4v)$/i.test(path), { path: ['path'], message: 'Must end in .mp4' });

export type FileConfig = z.infer<typeof fileConfig>;
