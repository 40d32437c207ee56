import type { Palette } from './palette.js';
import { oneLine } from './printable.js';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Colours the cell: what it holds is made printable before. */
  readonly paint?: (text: string) => string;
  readonly align?: 'left' | 'right';
}

/** Columns as wide as their widest cell, two spaces between them, nothing after the last: easy to read and to cut. */
export function table<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  palette: Palette,
): string[] {
  const cells = rows.map((row) => columns.map((column) => oneLine(column.cell(row))));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => (row[index] ?? '').length)),
  );
  const line = (texts: readonly string[], head = false) =>
    columns
      .map(({ align, paint }, index) => {
        const text = texts[index] ?? '';
        const painted = head || paint === undefined ? text : paint(text);
        const padding = ' '.repeat((widths[index] ?? 0) - text.length);
        return align === 'right' ? padding + painted : painted + padding;
      })
      .join('  ')
      .trimEnd();
  const titles = columns.map(({ title }) => title);
  return [palette.bold(line(titles, true)), ...cells.map((texts) => line(texts))];
}
