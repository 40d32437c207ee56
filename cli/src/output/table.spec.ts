import { describe, expect, it } from 'vitest';
import { COLOURED, PLAIN, paletteFor } from './palette.js';
import { table } from './table.js';

interface Row {
  name: string;
  count: number;
}
const rows: Row[] = [
  { name: 'camera', count: 5 },
  { name: 'a-longer-name', count: 1234 },
];

describe('table', () => {
  it('aligns columns and ends no line with spaces', () => {
    const lines = table<Row>(
      [
        { title: 'COUNT', cell: (row) => String(row.count), align: 'right' },
        { title: 'NAME', cell: (row) => row.name },
      ],
      rows,
      PLAIN,
    );
    expect(lines).toEqual(['COUNT  NAME', '    5  camera', ' 1234  a-longer-name']);
  });

  it('does not count colours as width', () => {
    const lines = table<Row>(
      [
        { title: 'NAME', cell: (row) => row.name, paint: COLOURED.red },
        { title: 'N', cell: (row) => String(row.count) },
      ],
      rows,
      PLAIN,
    );
    expect(lines[1]).toBe(`${COLOURED.red('camera')}         5`);
  });
});

describe('a cell', () => {
  it('that holds control characters or several lines stays one line that steers nothing', () => {
    const lines = table<Row>(
      [{ title: 'NAME', cell: (row) => row.name, paint: COLOURED.red }],
      [{ name: 'a\r\x1b[2Jb\nfailed\tc', count: 0 }],
      PLAIN,
    );
    expect(lines).toEqual(['NAME', COLOURED.red('a\\x0d\\x1b[2Jb failed c')]);
  });
});

describe('paletteFor', () => {
  it('is plain in a pipe, coloured on a terminal', () => {
    expect(paletteFor(false, {})).toBe(PLAIN);
    expect(paletteFor(true, {})).toBe(COLOURED);
  });

  it('heeds NO_COLOR before all else, FORCE_COLOR and a dumb terminal', () => {
    expect(paletteFor(true, { NO_COLOR: '1', FORCE_COLOR: '1' })).toBe(PLAIN);
    expect(paletteFor(true, { NO_COLOR: '' })).toBe(COLOURED);
    expect(paletteFor(false, { FORCE_COLOR: '1' })).toBe(COLOURED);
    expect(paletteFor(true, { TERM: 'dumb' })).toBe(PLAIN);
  });
});
