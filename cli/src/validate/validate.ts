import type { LocatedIssue } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import type { Palette } from '../output/palette.js';
import { indented, oneLine } from '../output/printable.js';
import { interruptible } from '../signals.js';

export interface ValidateOptions {
  readonly set?: readonly string[];
  readonly json?: boolean;
  /** False: Python code is only imported, not called with a frame. */
  readonly try?: boolean;
}

/**
 * Everything that is wrong with a graph, its Python files included, each with its place. Nothing of the graph is started; Python
 * processors are called with one synthetic frame, each in a process of its own.
 */
export function validate(io: Io, graph: string, options: ValidateOptions): Promise<ExitCode> {
  return interruptible(io, (signal) => look(io, graph, options, signal));
}

async function look(io: Io, graph: string, options: ValidateOptions, signal: AbortSignal): Promise<ExitCode> {
  const { validateManifest } = await import('@streamlib/runtime');
  const report = await validateManifest(graph, {
    overrides: options.set ?? [],
    onProgress: (message) => io.err(indented(message)),
    tryOut: options.try ?? true,
    signal,
  });
  const valid = report.issues.length === 0;
  if (options.json) {
    printJson(io, { valid, ...report });
  } else if (valid) {
    io.out(`${graph} is valid: ${count(report.nodes, 'node')}, ${count(report.connections, 'connection')}`);
  } else {
    for (const line of issueLines(report.issues, io.outPalette)) io.out(line);
    io.err(`${count(report.issues.length, 'mistake')} in ${graph}`);
  }
  return valid ? EXIT.ok : EXIT.usage;
}

/** `file:line:column: message`: the form that editors and terminals make a link of. */
export function issueLines(issues: readonly LocatedIssue[], palette: Palette): string[] {
  return issues.map(
    ({ file, line, column, message }) =>
      `${palette.bold(`${oneLine(file)}:${line}:${column}:`)} ${indented(message)}`,
  );
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
