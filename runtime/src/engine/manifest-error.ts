import { StreamlibError } from '../base/streamlib-error.js';
import type { LocatedIssue } from './api.js';

/** Everything that is wrong with a manifest, each with its place. */
export class ManifestError extends StreamlibError {
  constructor(readonly issues: readonly LocatedIssue[]) {
    super('graph', issues.map(formatIssue).join('\n'));
  }
}

export function formatIssue(issue: LocatedIssue): string {
  return `${issue.file}:${issue.line}:${issue.column}: ${issue.message}`;
}
