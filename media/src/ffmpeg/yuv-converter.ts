import type { Texture } from '@streamlib/host-bridge';
import { Frame, SoftwareScaleContext } from 'node-av';
import type { AVColorRange, AVColorSpace, AVPixelFormat } from 'node-av/constants';
import { frameOver, readable, setColour } from './foreign-memory.js';
import { check } from './library.js';

export interface YuvTarget {
  readonly width: number;
  readonly height: number;
  readonly pixelFormat: AVPixelFormat;
  readonly colorSpace: AVColorSpace;
  readonly colorRange: AVColorRange;
}

/** Makes pictures for an encoder out of textures, in the thread pool, read straight from the texture's memory. */
export class YuvConverter {
  private readonly scaler = new SoftwareScaleContext();

  constructor() {
    this.scaler.allocContext();
    check(this.scaler.setOption('sws_flags', 'bicubic'), 'set the way of scaling');
  }

  /** The texture must stay open until this settles. The frame is the caller's, to be freed. */
  async convert(texture: Texture, target: YuvTarget): Promise<Frame> {
    const made = new Frame();
    made.alloc();
    try {
      made.width = target.width;
      made.height = target.height;
      made.format = target.pixelFormat;
      made.colorSpace = target.colorSpace;
      made.colorRange = target.colorRange;
      check(made.getBuffer(), 'allocate a picture', 'io');
      const view = frameOver(await readable(texture), texture.width, texture.height, texture.format);
      try {
        setColour(view, texture.format, texture.colour);
        check(await this.scaler.scaleFrame(made, view), 'convert a picture');
      } finally {
        view.free();
      }
      return made;
    } catch (error) {
      made.free();
      throw error;
    }
  }

  /** Not while a `convert()` is under way. */
  close(): void {
    this.scaler.freeContext();
  }
}
