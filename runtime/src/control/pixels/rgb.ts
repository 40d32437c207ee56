import { describePixelFormat, type Texture, type TexturePlane } from '@streamlib/host-bridge';
import { groupReader } from './groups.js';
import { fromYuv, toScreen } from './matrix.js';

/** Puts red, green, blue and alpha of a pixel into `out`, from 0 to 1; of gray pictures gray in the first. May go beyond. */
export type PixelReader = (x: number, y: number, out: Float64Array) => void;

/** A number of a plane: of the pixel at a column and row of the picture. */
type Sample = (x: number, y: number) => number;

/** Reads the pixels of any texture, as numbers for a screen. HDR pictures are not made darker: what is beyond white is white. */
export function rgbReader(texture: Texture): PixelReader {
  const { format, colour, height } = texture;
  const { model, bits, bitPacked } = describePixelFormat(format);
  if (bitPacked) {
    const read = groupReader(texture);
    const most = 2 ** bits - 1;
    if (model === 'yuv') {
      const convert = fromYuv(colour, bits, height);
      const yuv = new Float64Array(3);
      return (x, y, out) => {
        read(x, y, yuv);
        convert(yuv[0] ?? 0, yuv[1] ?? 0, yuv[2] ?? 0, out);
      };
    }
    const levels = rgbLevels(texture, most);
    return (x, y, out) => {
      read(x, y, out);
      for (let c = 0; c < 3; c++) out[c] = levels(out[c] ?? 0);
    };
  }
  const samples = componentSamples(texture);
  if (model === 'yuv') {
    const [luma, u, v] = ['y', 'u', 'v'].map((name) => mustHave(samples, name, format));
    if (luma === undefined || u === undefined || v === undefined) throw new RangeError(format);
    const shift = format === 'p010' ? 6 : 0;
    const convert = fromYuv(colour, bits, height);
    return (x, y, out) => convert(luma(x, y) >> shift, u(x, y) >> shift, v(x, y) >> shift, out);
  }
  const names = model === 'gray' ? ['gray'] : ['r', 'g', 'b'];
  const parts = names.map((name) => mustHave(samples, name, format));
  const alpha = samples.get('a');
  const most = bits === 32 ? 1 : 2 ** bits - 1;
  const levels = rgbLevels(texture, most);
  return (x, y, out) => {
    for (const [c, part] of parts.entries()) out[c] = levels(part(x, y));
    if (alpha !== undefined) out[3] = alpha(x, y) / most;
  };
}

function mustHave(samples: ReadonlyMap<string, Sample>, name: string, format: string): Sample {
  const sample = samples.get(name);
  if (sample === undefined) throw new RangeError(`${format} has no ${name}`);
  return sample;
}

/** What a component of red, green, blue or gray is on the screen. Unspecified: full range, sRGB. */
function rgbLevels({ colour }: Texture, most: number): (value: number) => number {
  const light = colour.transfer === 'linear' ? toScreen : (value: number) => value;
  if (colour.range !== 'limited' || most === 1) return (value) => light(value / most);
  const unit = (most + 1) / 256;
  return (value) => light((value - 16 * unit) / (219 * unit));
}

/** A reader for each component, by its letter. Colour differences are those of the nearest position, not smoothed. */
function componentSamples(texture: Texture): ReadonlyMap<string, Sample> {
  const found = new Map<string, Sample>();
  const { width, height, format, planes } = texture;
  for (const plane of planes) {
    if (format === 'yuyv8' || format === 'uyvy8') {
      const luma = format === 'yuyv8' ? 0 : 1;
      const at = rows(plane);
      found.set('y', (x, y) => at(y, 2 * x + luma));
      found.set('u', (x, y) => at(y, 4 * (x >> 1) + 1 - luma));
      found.set('v', (x, y) => at(y, 4 * (x >> 1) + 3 - luma));
      continue;
    }
    const across = plane.width === width ? 0 : 1;
    const down = plane.height === height ? 0 : 1;
    const letters = plane.channels === 1 ? [plane.name] : [...plane.name];
    for (const [channel, letter] of letters.entries()) {
      const at = rows(plane);
      found.set(letter, (x, y) => at(y >> down, (x >> across) * plane.channels + channel));
    }
  }
  return found;
}

function rows({ data, stride }: TexturePlane): (row: number, element: number) => number {
  const elements = stride / data.BYTES_PER_ELEMENT;
  return (row, element) => data[row * elements + element] ?? 0;
}
