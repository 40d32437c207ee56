import { StreamlibError } from '../base/streamlib-error.js';
import type { LocatedIssue } from './api.js';

/** Everything that is wrong with a manifest, each with its place. */
export class ManifestError extends StreamlibError {
  /**
   * Every mistake that was found, in the order of the file.
   *
   * @param issues - What is wrong; the message has a line for each.
   */
  constructor(readonly issues: readonly LocatedIssue[]) {
    super('graph', issues.map(formatIssue).join('\n'));
  }
}

/**
 * A mistake as one line: `file:line:column: message`.
 *
 * @param issue - The mistake.
 */
export function formatIssue(issue: LocatedIssue): string {
  return `${issue.file}:${issue.line}:${issue.column}: ${issue.message}`;
}
