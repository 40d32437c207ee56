import { describe, expect, it } from 'vitest';
import { cargoTally, pytestTally, vitestTally } from './tally.js';

describe('the sum of all tests', () => {
  it('adds up every crate of cargo', () => {
    const lines = [
      'running 3 tests',
      'test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      'test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s',
    ];
    expect(cargoTally(lines)).toEqual({ passed: 4, failed: 2, skipped: 1 });
  });

  it('counts a file that vitest could not load as a failure', () => {
    const report = {
      numPassedTests: 5,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 0,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'failed', assertionResults: [{}] },
      ],
    };
    expect(vitestTally(report)).toEqual({ passed: 5, failed: 2, skipped: 2 });
  });

  it.each([
    ['40 passed, 1 skipped in 3.20s', { passed: 40, failed: 0, skipped: 1 }],
    ['=== 1 failed, 2 passed, 1 error in 0.5s ===', { passed: 2, failed: 2, skipped: 0 }],
    ['2 passed, 1 xfailed, 2 errors in 61.00s (0:01:01)', { passed: 3, failed: 2, skipped: 0 }],
    ['no tests ran in 0.01s', { passed: 0, failed: 0, skipped: 0 }],
  ])('reads the last line of pytest: %s', (line, tally) => {
    expect(pytestTally(['...', line])).toEqual(tally);
  });
});
