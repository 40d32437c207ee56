import type { PackageSettings } from '../../base/settings/schema.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { normalName, parseRequirement, type Requirement } from './requirement.js';

export type Verdict =
  | { readonly verdict: 'approve' | 'ask' | 'deny'; readonly why: string; readonly next: string }
  /** Granted as far as its version keeps within this range too. */
  | { readonly verdict: 'approve'; readonly why: string; readonly next: string; readonly within: string };

const ASK_OTHERWISE =
  'Write the code without it, or with a package that list_python_packages names; or ask the person who runs this to change streamlib.yaml.';

/** What the settings say about a package, before anything is looked up. Pure. */
export function decide(requirement: Requirement, settings: PackageSettings): Verdict {
  const { name } = requirement;
  if (settings.deny.some((denied) => normalName(denied) === name)) {
    return {
      verdict: 'deny',
      why: `${name} is on the list of packages that are denied here`,
      next: ASK_OTHERWISE,
    };
  }
  switch (settings.strategy) {
    case 'DenyAll':
      return {
        verdict: 'deny',
        why: 'no packages are installed here (strategy DenyAll)',
        next: ASK_OTHERWISE,
      };
    case 'AutoApprove':
      return { verdict: 'approve', why: 'every package is granted here (strategy AutoApprove)', next: '' };
    case 'RequireApproval':
      return {
        verdict: 'ask',
        why: 'a person has to approve it (strategy RequireApproval)',
        next: `Wait, and ask get_package_status again; the person runs \`streamlib packages approve ${name}\`.`,
      };
    case 'AllowList':
      return fromList(requirement, settings.allow);
  }
}

function fromList({ name }: Requirement, allow: readonly string[]): Verdict {
  for (const entry of allow) {
    const allowed = parseRequirement(entry);
    if (allowed.name !== name) continue;
    const range = allowed.version === '' ? '' : ` with ${allowed.version}`;
    return {
      verdict: 'approve',
      why: `${name} is on the list of packages that are allowed here${range}`,
      next: '',
      ...(allowed.version !== '' && { within: allowed.version }),
    };
  }
  const list = allow.length === 0 ? 'the list is empty' : `allowed are: ${allow.join(', ')}`;
  return {
    verdict: 'deny',
    why: `${name} is not on the list of packages that are allowed here (strategy AllowList); ${list}`,
    next: ASK_OTHERWISE,
  };
}

/** Not for what was asked for, but for how much is waiting: it may be asked for again later. */
export class TooManyRequests extends StreamlibError {
  constructor(waiting: number) {
    super(
      'packages',
      `${waiting} requests are open already, and more are not taken; wait until people have decided on some (\`streamlib packages pending\`)`,
    );
  }
}
