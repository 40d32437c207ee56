/**
 * The filters that turn a picture upright, from the display matrix that telephones write into a clip (nine 32-bit fixed-point
 * numbers, row by row); null when it is upright already. Other angles than quarter turns are left alone.
 */
export function uprightFilters(matrix: Uint8Array | null): string | null {
  if (matrix === null || matrix.byteLength < 36) return null;
  const view = new DataView(matrix.buffer, matrix.byteOffset, matrix.byteLength);
  const at = (index: number) => view.getInt32(index * 4, LITTLE_ENDIAN);
  const [a, b, c, d] = [Math.sign(at(0)), Math.sign(at(1)), Math.sign(at(3)), Math.sign(at(4))];
  if (a === 0 && d === 0) {
    if (b > 0) return c > 0 ? 'transpose=cclock_flip' : 'transpose=clock';
    if (b < 0) return c < 0 ? 'transpose=clock_flip' : 'transpose=cclock';
    return null;
  }
  if (b !== 0 || c !== 0) return null;
  const flips = [a < 0 ? 'hflip' : '', d < 0 ? 'vflip' : ''].filter((filter) => filter !== '');
  return flips.length === 0 ? null : flips.join(',');
}

/** Side data is kept in the machine's own byte order; every machine that node-av has binaries for is little-endian. */
const LITTLE_ENDIAN = true;
