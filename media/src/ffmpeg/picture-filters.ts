import type { Frame } from 'node-av';
import { AV_FRAME_DATA_DISPLAYMATRIX, AV_FRAME_FLAG_INTERLACED } from 'node-av/constants';
import { type Color, colourFilters, type ToneMap } from './colour-filters.js';
import { uprightFilters } from './rotation.js';

/** `auto`: pictures that are flagged as interlaced. `bob`: the same, and each of their fields becomes a picture. */
export const DEINTERLACE = ['auto', 'off', 'bob'] as const;
export type Deinterlace = (typeof DEINTERLACE)[number];

/** What is done with pictures before they are scaled; `auto` for what is left out. */
export interface PictureWishes {
  readonly deinterlace?: Deinterlace;
  readonly toneMap?: ToneMap;
  readonly color?: Color;
}

/** Decides which filters the pictures of one video need. */
export class PictureFilters {
  /** Stays on: where pictures change between both kinds, each change of filters would cost them their neighbours. */
  private wasInterlaced = false;

  constructor(private readonly wishes: PictureWishes = {}) {}

  /** In FFmpeg's notation; empty for none. */
  for(picture: Frame): string {
    const { toneMap = 'auto', color = 'auto' } = this.wishes;
    return [
      this.deinterlacer(picture),
      colourFilters(picture, { toneMap, color }),
      uprightFilters(picture.getSideData(AV_FRAME_DATA_DISPLAYMATRIX)),
    ]
      .filter((filter) => filter !== null)
      .join(',');
  }

  private deinterlacer(picture: Frame): string | null {
    const { deinterlace = 'auto' } = this.wishes;
    if (deinterlace === 'off') return null;
    this.wasInterlaced ||= picture.hasFlags(AV_FRAME_FLAG_INTERLACED);
    if (!this.wasInterlaced) return null;
    // Pictures that are not interlaced pass through it as they are.
    return `bwdif=mode=${deinterlace === 'bob' ? 'send_field' : 'send_frame'}:deint=interlaced`;
  }
}
