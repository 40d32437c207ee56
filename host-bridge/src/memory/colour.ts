import { BridgeError } from '../errors/bridge-error.js';

/** The code points of ITU-T H.273, by the names that FFmpeg has for them. */
const ranges = { unspecified: 0, limited: 1, full: 2 } as const;
const matrices = {
  gbr: 0,
  bt709: 1,
  unspecified: 2,
  fcc: 4,
  bt470bg: 5,
  smpte170m: 6,
  smpte240m: 7,
  ycgco: 8,
  bt2020nc: 9,
  bt2020c: 10,
  smpte2085: 11,
  'chroma-derived-nc': 12,
  'chroma-derived-c': 13,
  ictcp: 14,
} as const;
const transfers = {
  bt709: 1,
  unspecified: 2,
  gamma22: 4,
  gamma28: 5,
  smpte170m: 6,
  smpte240m: 7,
  linear: 8,
  log100: 9,
  log316: 10,
  'iec61966-2-4': 11,
  bt1361e: 12,
  srgb: 13,
  'bt2020-10': 14,
  'bt2020-12': 15,
  smpte2084: 16,
  smpte428: 17,
  'arib-std-b67': 18,
} as const;
const primaries = {
  bt709: 1,
  unspecified: 2,
  bt470m: 4,
  bt470bg: 5,
  smpte170m: 6,
  smpte240m: 7,
  film: 8,
  bt2020: 9,
  smpte428: 10,
  smpte431: 11,
  smpte432: 12,
  ebu3213: 22,
} as const;

/** What the numbers of a picture mean as colours. A reader decides what it takes for `unspecified`. */
export interface Colour {
  /** `limited`: of 8 bits 16 to 235 (colour differences to 240). `full`: every number. */
  readonly range: keyof typeof ranges;
  /** How luma and colour differences are made of red, green and blue; `smpte170m` is that of BT.601. */
  readonly matrix: keyof typeof matrices;
  /** How light becomes numbers: `smpte2084` is PQ, `arib-std-b67` HLG. */
  readonly transfer: keyof typeof transfers;
  /** Which red, green and blue are meant; `smpte432` is P3. */
  readonly primaries: keyof typeof primaries;
}

export const UNSPECIFIED: Colour = Object.freeze({
  range: 'unspecified',
  matrix: 'unspecified',
  transfer: 'unspecified',
  primaries: 'unspecified',
});

function number<K extends string>(what: string, table: Readonly<Record<K, number>>, name: K): number {
  if (Object.hasOwn(table, name)) return table[name];
  throw new BridgeError(
    'value',
    `Unknown colour ${what} "${name}"; use one of ${Object.keys(table).join(', ')}`,
  );
}

/** Colours as the addon takes them: 16 bits, 0 where nothing is specified. */
export function colourBits(colour: Partial<Colour>): number {
  const { range, matrix, transfer, primaries: primary } = { ...UNSPECIFIED, ...colour };
  const bits =
    number('range', ranges, range) |
    (number('matrix', matrices, matrix) << 2) |
    (number('transfer', transfers, transfer) << 6) |
    (number('primaries', primaries, primary) << 11);
  return bits === NOTHING ? 0 : bits;
}

const NOTHING = (2 << 2) | (2 << 6) | (2 << 11);

function nameOf<K extends string>(table: Readonly<Record<K, number>>, code: number, otherwise: K): K {
  for (const name in table) if (table[name] === code) return name;
  return otherwise;
}

export function colourOf(bits: number): Colour {
  if (bits === 0) return UNSPECIFIED;
  return {
    range: nameOf(ranges, bits & 3, 'unspecified'),
    matrix: nameOf(matrices, (bits >> 2) & 15, 'unspecified'),
    transfer: nameOf(transfers, (bits >> 6) & 31, 'unspecified'),
    primaries: nameOf(primaries, (bits >> 11) & 31, 'unspecified'),
  };
}

/** Every name there is, by what it says. */
export const colourNames = {
  range: Object.keys(ranges),
  matrix: Object.keys(matrices),
  transfer: Object.keys(transfers),
  primaries: Object.keys(primaries),
} as const;
