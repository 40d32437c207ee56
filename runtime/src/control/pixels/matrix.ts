import type { Colour } from '@streamlib/host-bridge';

/** Shares of red and blue in luma, for each matrix that is made of them. */
const LUMA: Readonly<Partial<Record<Colour['matrix'], readonly [red: number, blue: number]>>> = {
  bt709: [0.2126, 0.0722],
  fcc: [0.3, 0.11],
  bt470bg: [0.299, 0.114],
  smpte170m: [0.299, 0.114],
  smpte240m: [0.212, 0.087],
  bt2020nc: [0.2627, 0.0593],
  // Not quite right for these: they mix before the transfer. Near enough to be looked at.
  bt2020c: [0.2627, 0.0593],
};

/** From this height on, a picture that does not say how its luma was made is taken for HD television. */
const HD = 720;

/** Red, green and blue from 0 to 1 (and beyond, to be clamped), into `out`. */
export type Convert = (y: number, u: number, v: number, out: Float64Array) => void;

/**
 * Numbers of `bits` bits as luma and colour differences, by what a picture says of range and matrix. Unspecified: limited range;
 * BT.709 from 720 rows on, BT.601 below, as players do.
 */
export function fromYuv({ range, matrix }: Colour, bits: number, height: number): Convert {
  const most = 2 ** bits - 1;
  const limited = range !== 'full';
  const unit = 2 ** (bits - 8);
  const [black, lumaSpan, chromaSpan] = limited ? [16 * unit, 219 * unit, 224 * unit] : [0, most, most];
  const middle = 128 * unit;
  if (matrix === 'gbr')
    return (y, u, v, out) => {
      // Green, blue, red, in the places of luma and the differences: all of luma's range.
      out[0] = (v - black) / lumaSpan;
      out[1] = (y - black) / lumaSpan;
      out[2] = (u - black) / lumaSpan;
    };
  const unsaid = height >= HD ? 'bt709' : 'smpte170m';
  const [red, blue] = LUMA[matrix] ?? LUMA[unsaid] ?? [0.299, 0.114];
  const green = 1 - red - blue;
  const [fromV, fromU] = [2 * (1 - red), 2 * (1 - blue)];
  return (y, u, v, out) => {
    const luma = (y - black) / lumaSpan;
    const r = luma + (fromV * (v - middle)) / chromaSpan;
    const b = luma + (fromU * (u - middle)) / chromaSpan;
    out[0] = r;
    out[1] = (luma - red * r - blue * b) / green;
    out[2] = b;
  };
}

/** Light as numbers for a screen (sRGB). */
export function toScreen(light: number): number {
  if (light <= 0.0031308) return 12.92 * Math.max(0, light);
  return 1.055 * light ** (1 / 2.4) - 0.055;
}
