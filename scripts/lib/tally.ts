// Counts of tests from what the three runners print: the same numbers that a person sees.

export interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** What is read of vitest's report. */
export interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests?: number;
  readonly testResults: readonly { readonly status: string; readonly assertionResults: readonly unknown[] }[];
}

/** Sum over `test result: ok. 12 passed; 0 failed; 1 ignored; …` of each crate and each test file. */
export function cargoTally(lines: readonly string[]): Tally {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const line of lines) {
    const found = /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/.exec(line);
    if (found === null) continue;
    sum.passed += Number(found[1]);
    sum.failed += Number(found[2]);
    sum.skipped += Number(found[3]);
  }
  return sum;
}

/** The report that vitest writes with `--reporter=json`. Files that did not load have no tests, and count as a failure each. */
export function vitestTally(report: VitestReport): Tally {
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}

/** pytest's last line: `== 40 passed, 1 skipped in 3.2s ==`, with -q without the frame. */
export function pytestTally(lines: readonly string[]): Tally {
  const last = lines.findLast((line) => / in [\d.]+s/.test(line)) ?? '';
  const count = (word: string) => Number(new RegExp(`(\\d+) ${word}`).exec(last)?.[1] ?? 0);
  return {
    passed: count('passed') + count('xfailed'),
    failed: count('failed') + count('errors?') + count('xpassed'),
    skipped: count('skipped'),
  };
}

export function add(a: Tally, b: Tally): Tally {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}
