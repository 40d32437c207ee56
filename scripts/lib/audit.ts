// What the auditors of the three languages say, judged. Data that could not be had is no verdict: it is told as not run.

/** The exit code of a check that could not be made. */
export const NOT_RUN = 3;

export interface Verdict {
  readonly state: 'passed' | 'failed' | 'not run';
  readonly lines: readonly string[];
}

const notRun = (why: string): Verdict => ({
  state: 'not run',
  lines: [`no audit data to be had here: ${why}`],
});
const verdict = (found: readonly string[], counted: string): Verdict =>
  found.length > 0 ? { state: 'failed', lines: found } : { state: 'passed', lines: [counted] };

function parsed<T>(text: string): Partial<T> | null {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}

interface NpmReport {
  readonly metadata: { readonly vulnerabilities?: { readonly total: number } };
  readonly vulnerabilities: Readonly<
    Record<string, { readonly name: string; readonly severity: string; readonly range: string }>
  >;
  readonly message: string;
  readonly error: { readonly summary?: string };
}

/** `npm audit --json`. Below "high" it is told, and no failure. */
export function npmVerdict(text: string): Verdict {
  const report = parsed<NpmReport>(text);
  const counts = report?.metadata?.vulnerabilities;
  const entries = report?.vulnerabilities;
  if (counts === undefined || entries === undefined)
    return notRun(report?.message ?? report?.error?.summary ?? 'npm gave no report');
  const bad = Object.values(entries).filter(({ severity }) => severity === 'high' || severity === 'critical');
  return verdict(
    bad.map(({ name, severity, range }) => `npm package ${name} ${range}: ${severity}`),
    `${counts.total} known weaknesses, none high or critical`,
  );
}

interface CargoReport {
  readonly database: { readonly 'advisory-count'?: number };
  readonly vulnerabilities: {
    readonly list?: readonly {
      readonly advisory: { readonly id: string; readonly title: string };
      readonly package: { readonly name: string; readonly version: string };
    }[];
  };
}

/** `cargo audit --json`. The database grades only some, so each one counts. */
export function rustVerdict(text: string): Verdict {
  const report = parsed<CargoReport>(text);
  const advisories = report?.database?.['advisory-count'] ?? 0;
  const list = report?.vulnerabilities?.list;
  if (list === undefined || advisories <= 0) return notRun('cargo-audit has no database');
  return verdict(
    list.map(
      ({ advisory, package: crate }) =>
        `crate ${crate.name} ${crate.version}: ${advisory.id} ${advisory.title}`,
    ),
    `no known weaknesses, by ${advisories} advisories`,
  );
}

interface PipReport {
  readonly dependencies: readonly {
    readonly name: string;
    readonly version?: string;
    readonly vulns?: readonly { readonly id: string }[];
    readonly skip_reason?: string;
  }[];
}

/** `pip-audit --format json`. It grades none, so each one counts; a package that it could not look up was not audited. */
export function pythonVerdict(text: string, own: readonly string[]): Verdict {
  const list = parsed<PipReport>(text)?.dependencies;
  if (list === undefined) return notRun('pip-audit gave no report');
  const others = list.filter(({ name }) => !own.includes(name));
  const bad = others.flatMap(({ name, version, vulns = [] }) =>
    vulns.map(({ id }) => `Python package ${name} ${version}: ${id}`),
  );
  const skipped = others.filter((entry) => entry.skip_reason !== undefined).map(({ name }) => name);
  if (bad.length === 0 && (skipped.length > 0 || others.length === 0))
    return notRun(
      skipped.length > 0 ? `nothing is known of ${skipped.join(', ')}` : 'no packages are installed',
    );
  return verdict(bad, `no known weaknesses in ${others.length} packages`);
}
