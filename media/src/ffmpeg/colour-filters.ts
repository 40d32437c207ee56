import type { Frame } from 'node-av';
import {
  AVCOL_PRI_BT2020,
  AVCOL_PRI_SMPTE431,
  AVCOL_PRI_SMPTE432,
  AVCOL_RANGE_JPEG,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_FCC,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
  AVCOL_TRC_ARIB_STD_B67,
  AVCOL_TRC_IEC61966_2_1,
  AVCOL_TRC_SMPTE2084,
} from 'node-av/constants';

/** `auto`: pictures in HLG or PQ are mapped to the range of a usual screen. `off`: their values are passed on as they are. */
export const TONE_MAP = ['auto', 'off'] as const;
export type ToneMap = (typeof TONE_MAP)[number];
/** `auto`: the colours of BT.2020 and P3 become those of BT.709. `source`: the values of the source are passed on. */
export const COLOR = ['auto', 'source'] as const;
export type Color = (typeof COLOR)[number];

export interface ColourWishes {
  readonly toneMap: ToneMap;
  readonly color: Color;
}

/** FFmpeg's names of matrices that zscale takes; others are left to libswscale. */
const MATRICES: ReadonlyMap<number, string> = new Map([
  [AVCOL_SPC_RGB, 'gbr'],
  [AVCOL_SPC_BT709, '709'],
  [AVCOL_SPC_FCC, 'fcc'],
  [AVCOL_SPC_BT470BG, '470bg'],
  [AVCOL_SPC_SMPTE170M, '170m'],
  [AVCOL_SPC_SMPTE240M, '240m'],
  [AVCOL_SPC_BT2020_NCL, '2020_ncl'],
]);
const WIDE: ReadonlyMap<number, string> = new Map([
  [AVCOL_PRI_BT2020, '2020'],
  [AVCOL_PRI_SMPTE431, 'smpte431'],
  [AVCOL_PRI_SMPTE432, 'smpte432'],
]);

/** The filters that bring a picture's colours to those of BT.709 on a usual screen; null for none. See docs/colour.md. */
export function colourFilters(picture: Frame, { toneMap, color }: ColourWishes): string | null {
  const { colorTrc, colorPrimaries } = picture;
  if (colorTrc === AVCOL_TRC_SMPTE2084 || colorTrc === AVCOL_TRC_ARIB_STD_B67) {
    if (toneMap === 'off') return null;
    const from = WIDE.get(colorPrimaries) ?? '2020';
    const to = color === 'auto' ? '709' : from;
    if (colorTrc === AVCOL_TRC_ARIB_STD_B67) return convert(encoding(picture, '2020_ncl'), from, to, '709');
    // PQ becomes HLG first; in a format that is fine enough to be converted once more.
    const { matrix, range } = encoding(picture, '2020_ncl');
    return `zscale=pin=${from}:tin=smpte2084:min=${matrix}:rin=${range}:p=${from}:t=arib-std-b67:m=gbr:r=full,format=gbrp10,${convert(RGB, from, to, '709')}`;
  }
  const from = WIDE.get(colorPrimaries);
  if (color === 'source' || from === undefined) return null;
  // Light is reckoned with the exponent of a screen, whatever the camera's own curve was; but sRGB has one of its own.
  const transfer = colorTrc === AVCOL_TRC_IEC61966_2_1 ? 'iec61966-2-1' : '709';
  return convert(encoding(picture, from === '2020' ? '2020_ncl' : '709'), from, '709', transfer);
}

interface Encoding {
  readonly matrix: string;
  readonly range: 'full' | 'limited';
}

const RGB: Encoding = { matrix: 'gbr', range: 'full' };

function encoding({ colorSpace, colorRange }: Frame, otherwise: string): Encoding {
  const matrix = MATRICES.get(colorSpace) ?? otherwise;
  return { matrix, range: colorRange === AVCOL_RANGE_JPEG || matrix === 'gbr' ? 'full' : 'limited' };
}

/** From primaries to primaries, in light. */
function convert({ matrix, range }: Encoding, from: string, to: string, transfer: string): string {
  return `zscale=pin=${from}:tin=${transfer}:min=${matrix}:rin=${range}:p=${to}:t=${transfer}:m=gbr:r=full,format=gbrp`;
}
