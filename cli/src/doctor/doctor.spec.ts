import { describe, expect, it } from 'vitest';
import { PLAIN } from '../output/palette.js';
import { reportLines } from './doctor.js';
import type { Facts } from './facts.js';

describe('what the doctor prints', () => {
  it('shows what a finding holds that would steer the terminal, and a further line is not another finding', () => {
    const facts = { broker: { state: 'healthy' } } as unknown as Facts;
    const finding = {
      symptom: 'bridge_not_ready',
      what: 'effect\x1b[2J',
      cause: 'its last lines on stderr: \x1b]52;c;aGk=\x07\r✓\n✓  bridge not ready  no',
      next: 'wait\x9b2J',
    } as const;
    const lines = reportLines(facts, [finding as never], PLAIN)
      .join('\n')
      .split('\n');
    expect(lines.find((line) => line.startsWith('✗'))).toMatch(/ {2}effect\\x1b\[2J$/);
    expect(lines).toContainEqual(
      expect.stringMatching(/^ +cause: its last lines on stderr: \\x1b\]52;c;aGk=\\x07\\x0d✓$/),
    );
    expect(lines.filter((line) => line.startsWith('✓  bridge not ready'))).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^ +next: {2}wait\\x9b2J$/));
  });
});
