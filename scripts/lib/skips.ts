// Tests that were skipped: which, and whether a list says that they may be.

export interface Skip {
  /** As its runner calls it, with the groups that it is in. */
  readonly test: string;
  /** Null where the runner does not tell. */
  readonly file: string | null;
}

export interface AllowedSkip {
  readonly test: RegExp;
  readonly reason: string;
  /** Whether that is so on this machine: asked only if such a test was skipped. */
  where(): boolean;
}

/** What is read of vitest's report. */
interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const NOT_RUN = ['skipped', 'pending', 'todo', 'disabled'];

export function vitestSkips(report: Report): Skip[] {
  return report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => NOT_RUN.includes(status))
      .map(({ fullName }) => ({ test: fullName.trim(), file: name })),
  );
}

/** Of `pytest -rs`: a line for each place, with how often it was. */
export function pytestSkips(lines: readonly string[]): Skip[] {
  return lines.flatMap((line) => {
    const [, times, place, reason] = /^SKIPPED \[(\d+)\] (\S+?): (.*)$/.exec(line) ?? [];
    if (place === undefined) return [];
    const file = place.replace(/:\d+$/, '');
    return Array.from({ length: Number(times) }, () => ({ test: `${file}: ${reason}`, file }));
  });
}

/** cargo counts the tests that are ignored, but names them only to those who ask for each test's name. */
export function cargoSkips(count: number): Skip[] {
  return Array.from({ length: count }, () => ({ test: 'a Rust test with #[ignore]', file: null }));
}

export interface Judged {
  readonly skip: Skip;
  /** Null: no list says that it may be. */
  readonly reason: string | null;
}

export function judge(skips: readonly Skip[], allowed: readonly AllowedSkip[]): Judged[] {
  const here = new Map<AllowedSkip, boolean>();
  const holds = (entry: AllowedSkip) => {
    const known = here.get(entry) ?? entry.where();
    here.set(entry, known);
    return known;
  };
  return skips.map((skip) => ({
    skip,
    reason: allowed.find((entry) => entry.test.test(skip.test) && holds(entry))?.reason ?? null,
  }));
}

/** For the end of a run: those that no list allows first, each by name; then the others, by their reasons. */
export function skipLines(judged: readonly Judged[]): string[] {
  const others = judged.filter(({ reason }) => reason === null).map(({ skip }) => `  ${skip.test}`);
  const reasons = [...new Set(judged.flatMap(({ reason }) => (reason === null ? [] : [reason])))];
  return [
    ...(others.length === 0
      ? []
      : ['Skipped, though scripts/allowed-skips.ts does not say that they may be:', ...others]),
    ...reasons.flatMap((reason) => [
      `Skipped, as ${reason}:`,
      ...judged.filter((each) => each.reason === reason).map(({ skip }) => `  ${skip.test}`),
    ]),
  ];
}
