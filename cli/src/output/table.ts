import { type Palette, visibleLength } from './palette.js';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

/** Columns as wide as their widest cell, two spaces between them, nothing after the last: easy to read and to cut. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  palette: Palette,
): string[] {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => visibleLength(row[index] ?? ''))),
  );
  const line = (texts: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const text = texts[index] ?? '';
        const padding = ' '.repeat((widths[index] ?? 0) - visibleLength(text));
        return align === 'right' ? padding + text : text + padding;
      })
      .join('  ')
      .trimEnd();
  return [palette.bold(line(columns.map(({ title }) => title))), ...cells.map(line)];
}
