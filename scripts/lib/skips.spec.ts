import { describe, expect, it } from 'vitest';
import { type AllowedSkip, cargoSkips, judge, pytestSkips, skipLines, vitestSkips } from './skips.js';

const report = {
  testResults: [
    {
      name: 'a.spec.ts',
      assertionResults: [
        { fullName: ' bubblewrap is named', status: 'skipped' },
        { fullName: 'other works', status: 'passed' },
        { fullName: 'other is to be written', status: 'todo' },
      ],
    },
  ],
};

describe('S12: skipped tests', () => {
  it('are known by name, whoever ran them', () => {
    expect(vitestSkips(report).map(({ test }) => test)).toEqual([
      'bubblewrap is named',
      'other is to be written',
    ]);
    const lines = ['..s', 'SKIPPED [2] tests/test_a.py:16: only on Linux', '1 passed, 2 skipped in 0.1s'];
    expect(pytestSkips(lines)).toEqual([
      { test: 'tests/test_a.py: only on Linux', file: 'tests/test_a.py' },
      { test: 'tests/test_a.py: only on Linux', file: 'tests/test_a.py' },
    ]);
    expect(cargoSkips(1)).toHaveLength(1);
  });

  it('are allowed where a list says so for this machine, and else are named as what they are', () => {
    let asked = 0;
    const allowed: AllowedSkip[] = [
      {
        test: /^bubblewrap /,
        reason: 'there are no namespaces',
        where: () => {
          asked++;
          return true;
        },
      },
      { test: /^other /, reason: 'this is another machine', where: () => false },
    ];
    const skips = [...vitestSkips(report), ...vitestSkips(report)];
    const judged = judge(skips, allowed);
    expect(judged.map(({ reason }) => reason)).toEqual([
      'there are no namespaces',
      null,
      'there are no namespaces',
      null,
    ]);
    expect(asked).toBe(1);
    expect(skipLines(judged)).toEqual([
      'Skipped, though scripts/allowed-skips.ts does not say that they may be:',
      '  other is to be written',
      '  other is to be written',
      'Skipped, as there are no namespaces:',
      '  bubblewrap is named',
      '  bubblewrap is named',
    ]);
    expect(skipLines([])).toEqual([]);
  });
});
