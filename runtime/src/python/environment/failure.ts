/** Why the installer could not do what it was asked to do. */
export type FailureKind =
  | 'conflict'
  | 'unknown_package'
  | 'unknown_version'
  | 'no_wheel'
  | 'build'
  | 'network'
  | 'disk'
  | 'other';

export interface InstallFailure {
  readonly kind: FailureKind;
  readonly detail: string;
  readonly next: string;
}

const KEPT = 1500;

/** Reads the installer's own words. Pure; the words themselves are kept, because they name versions and ranges. */
export function classify(output: readonly string[], name: string): InstallFailure {
  const text = output
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  const because = shorten(text.replace(/^(?:error|cause|warning|hint|×|╰─▶|│|├─▶)[:\s]*/gm, ''));
  const has = (pattern: RegExp) => pattern.test(text);
  if (
    has(/No space left on device|os error 28|Disk quota exceeded|os error 122|File too large|os error 27\b/i)
  ) {
    return {
      kind: 'disk',
      detail: `there is no room left on the disk; nothing was changed. ${because}`,
      next: 'Ask the person who runs this to make room, then request it again.',
    };
  }
  if (has(/network was disabled/i)) {
    return {
      kind: 'network',
      detail: `the network is switched off for packages (offline), and what is needed was never fetched before. ${because}`,
      next: 'Do without it, or request it again when the network may be used.',
    };
  }
  if (
    has(
      /error sending request|Failed to fetch|Could not connect|dns error|Connection refused|timed out|tcp connect error|network is unreachable/i,
    )
  ) {
    return {
      kind: 'network',
      detail: `the package index could not be reached. ${because}`,
      next: 'Request it again later; if it stays so, tell the person who runs this.',
    };
  }
  if (has(/Failed to build|Build backend|build_wheel|prepare_metadata|Call to `[^`]+` failed/i)) {
    return {
      kind: 'build',
      detail: `${name} comes as source only for this Python, and building it failed. ${because}`,
      next: 'Request another version that has wheels, or another package.',
    };
  }
  if (
    has(
      /no usable wheels|only.binary|building from source is disabled|no wheels with a matching|using wheels only/i,
    )
  ) {
    return {
      kind: 'no_wheel',
      detail: `${name} has no wheel for this Python and machine, and building from source is not allowed here. ${because}`,
      next: 'Request another version that has wheels, or another package; `packages: { builds: true }` in streamlib.yaml allows building.',
    };
  }
  if (
    has(
      new RegExp(
        `Because ${escaped(name)} was not found in the (?:package registry|provided package locations)`,
        'i',
      ),
    )
  ) {
    return {
      kind: 'unknown_package',
      detail: `there is no package ${name}. ${because}`,
      next: "Check the name: it is the distribution's, which may differ from the module's (cv2 is opencv-python-headless, PIL is pillow).",
    };
  }
  if (has(/there (?:is|are) no versions? of|[Oo]nly [^\n]* (?:is|are) available/)) {
    const own = has(new RegExp(`(?:no versions? of |only )${escaped(name)}`, 'i'));
    if (own && !has(/depends on/)) {
      return {
        kind: 'unknown_version',
        detail: `${name} exists, but not in the version that was asked for. ${because}`,
        next: 'Request it again with a range that has a version in it, or without one.',
      };
    }
  }
  if (has(/No solution found|unsatisfiable|conflict/i)) {
    return {
      kind: 'conflict',
      detail: `it cannot be installed together with what is installed; nothing was changed. ${because}`,
      next: 'Request it with a wider version range, or do without it.',
    };
  }
  return {
    kind: 'other',
    detail: `the installer failed; nothing was changed. ${because}`,
    next: 'Tell the person who runs this; `streamlib packages list --log` shows what happened.',
  };
}

function escaped(name: string): string {
  return name.replace(/[-_.]+/g, '[-_.]+');
}

function shorten(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > KEPT ? `${line.slice(0, KEPT)}…` : line;
}
