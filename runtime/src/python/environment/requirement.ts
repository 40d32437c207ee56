import { StreamlibError } from '../../base/streamlib-error.js';

/** A package as it is asked for. */
export interface Requirement {
  /** As it was written, extras included: `opencv-python-headless`, `uvicorn[standard]`. */
  readonly package: string;
  /** The name by which packages are compared: lower case, with hyphens. */
  readonly name: string;
  /** `>=4.10,<5`; empty for any version. */
  readonly version: string;
}

const NAME = /^([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)((?:\[[A-Za-z0-9._, -]{1,100}\])?)$/;
const CLAUSE = /^(?:~=|===?|!=|<=|>=|<|>)\s*[A-Za-z0-9.*+!_-]{1,64}$/;

/**
 * Takes what was asked for apart. Only names and versions: an address, a path or an option in their place would have the
 * installer fetch something else than what was decided on.
 */
export function parseRequirement(written: string, version = ''): Requirement {
  const text = written.trim();
  const inline = /^(.*?)\s*((?:~=|===?|!=|<=|>=|<|>).*)$/.exec(text);
  const named = inline?.[1] ?? text;
  const match = NAME.exec(named);
  if (match === null) {
    throw malformed(
      `"${short(written)}" is no name of a package; write the distribution's name as the index has it, such as opencv-python-headless`,
    );
  }
  const clauses = [inline?.[2] ?? '', version]
    .join(',')
    .split(',')
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '')
    // `1.2` alone means that very version.
    .map((clause) => (/^\d/.test(clause) ? `==${clause}` : clause));
  const bad = clauses.find((clause) => !CLAUSE.test(clause));
  if (bad !== undefined) {
    throw malformed(`"${short(bad)}" is no version range; write one such as >=4.10,<5, or leave it out`);
  }
  return {
    package: named,
    name: normalName(match[1] ?? ''),
    version: clauses.map((clause) => clause.replace(/\s+/g, '')).join(','),
  };
}

export function requirementText(requirement: Requirement): string {
  return `${requirement.package}${requirement.version}`;
}

/** One spelling for all ways to write a distribution's name. */
export function normalName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function malformed(message: string): StreamlibError {
  return new StreamlibError('packages', message);
}
