import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkout } from '../harness/world.js';

const page = readFileSync(join(checkout, 'docs/security.md'), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .filter((cells) => cells.length === 6 && cells[1] !== 'who' && !/^-+$/.test(cells[1] ?? ''));

describe('the table of who may do what', () => {
  it('is there', () => expect(rows.length).toBeGreaterThan(15));

  it.each(rows.map(([, who, what, , test]) => [`${who}: ${what}`, test ?? '']))(
    '%s has its test',
    (_, test) => {
      const [, path = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
      expect(path).not.toBe('');
      expect(readFileSync(join(checkout, path), 'utf8')).toContain(name);
    },
  );
});
