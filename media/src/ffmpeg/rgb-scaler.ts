import type { Texture } from '@streamlib/host-bridge';
import { Frame, SoftwareScaleContext } from 'node-av';
import { AV_FRAME_FLAG_INTERLACED, AVCOL_PRI_UNSPECIFIED, AVCOL_TRC_UNSPECIFIED } from 'node-av/constants';
import { avFormat, copyRows, frameOver, isWritableInPlace, rowBytes } from './foreign-memory.js';
import { check } from './library.js';

/**
 * Converts decoded pictures, whatever their size and pixel format, to the size and format of a texture, in the thread pool.
 * The picture's own colour matrix and range are used; transparent parts are laid over black.
 */
export class RgbScaler {
  private readonly scaler = new SoftwareScaleContext();
  private staging: Frame | null = null;

  /** `name`: what the pictures are from, for errors. */
  constructor(private readonly name: string) {
    // Without `initContext()`: only then does libswscale take sizes, formats and colours from each pair of frames.
    this.scaler.allocContext();
    check(this.scaler.setOption('alphablend', 'uniform_color'), 'set the handling of transparency');
    check(this.scaler.setOption('sws_flags', 'bicubic'), 'set the way of scaling');
  }

  async draw(picture: Frame, target: Texture): Promise<void> {
    // libswscale refuses to go from interlaced to whole pictures. Whoever wants fields apart has filtered them before.
    picture.clearFlags(AV_FRAME_FLAG_INTERLACED);
    // Nor is it to convert primaries and transfer: it does so at a third of the speed, and not as docs/colour.md says.
    picture.colorPrimaries = AVCOL_PRI_UNSPECIFIED;
    picture.colorTrc = AVCOL_TRC_UNSPECIFIED;
    if (isWritableInPlace(target)) {
      const view = frameOver(target.bytes, target.width, target.height, target.format);
      try {
        check(await this.scaler.scaleFrame(view, picture), `convert a picture of ${this.name}`, 'corrupt');
      } finally {
        view.free();
      }
      return;
    }
    const staging = this.stage(target);
    check(await this.scaler.scaleFrame(staging, picture), `convert a picture of ${this.name}`, 'corrupt');
    await copyInto(staging, target);
  }

  close(): void {
    this.scaler.freeContext();
    this.staging?.free();
    this.staging = null;
  }

  /** A frame of FFmpeg's own, for targets that it would write beyond. */
  private stage(target: Texture): Frame {
    const format = avFormat(target.format);
    const { staging } = this;
    if (
      staging !== null &&
      staging.width === target.width &&
      staging.height === target.height &&
      staging.format === format
    )
      return staging;
    staging?.free();
    const frame = new Frame();
    frame.alloc();
    frame.width = target.width;
    frame.height = target.height;
    frame.format = format;
    check(frame.getBuffer(), 'allocate a picture', 'io');
    this.staging = frame;
    return frame;
  }
}

async function copyInto(picture: Frame, target: Texture): Promise<void> {
  for (const [index, plane] of target.planes.entries()) {
    const from = picture.data?.[index];
    const fromStride = picture.linesize[index];
    if (from === undefined || fromStride === undefined) throw new Error('a picture without pixels');
    await copyRows({
      from,
      fromStride,
      to: target.bytes.subarray(plane.offset),
      toStride: plane.stride,
      rowBytes: rowBytes(plane),
      rows: plane.height,
    });
  }
}
