/** One package of a lock file. */
export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  /** Of its smallest archive that is named, in bytes; null where the index does not tell. */
  readonly size: number | null;
}

/** The packages of a `pylock.toml` as uv writes it: a block for each, one value on a line. */
export function lockedPackages(text: string): LockedPackage[] {
  return text
    .split(/^\[\[packages\]\]\s*$/m)
    .slice(1)
    .flatMap((block) => {
      const name = /^name = "([^"]+)"/m.exec(block)?.[1];
      if (name === undefined) return [];
      const sizes = [...block.matchAll(/\bsize = (\d+)/g)].map((match) => Number(match[1]));
      return [
        {
          name,
          version: /^version = "([^"]+)"/m.exec(block)?.[1] ?? '',
          size: sizes.length === 0 ? null : Math.min(...sizes),
        },
      ];
    });
}

export interface LockChange {
  readonly name: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly size: number | null;
}

export function changesBetween(
  before: readonly { readonly name: string; readonly version: string }[],
  after: readonly LockedPackage[],
): LockChange[] {
  const had = new Map(before.map(({ name, version }) => [name, version]));
  const has = new Map(after.map((entry) => [entry.name, entry]));
  const changed = after
    .filter(({ name, version }) => had.get(name) !== version)
    .map(({ name, version, size }) => ({ name, from: had.get(name) ?? null, to: version, size }));
  const gone = before
    .filter(({ name }) => !has.has(name))
    .map(({ name, version }) => ({ name, from: version, to: null, size: null }));
  return [...changed, ...gone];
}

export function describeChanges(changes: readonly LockChange[]): string {
  const parts = changes.map(({ name, from, to }) =>
    from === null
      ? `adds ${name} ${to}`
      : to === null
        ? `removes ${name} ${from}`
        : `changes ${name} ${from} to ${to}`,
  );
  const bytes = changes.reduce((sum, { size }) => sum + (size ?? 0), 0);
  if (bytes > 0) parts.push(`fetches ${(bytes / 1024 / 1024).toFixed(1)} MiB`);
  return parts.join(', ');
}
