import { suggestion } from '../../base/nearest.js';
import { readProcessors } from '../inspect/inspect.js';
import { checkConnections } from './connections.js';
import type { Finding, FoundProcessors } from './findings.js';
import type { CheckProblem, CheckReport, CheckRequest, DryRun, ImpliedNames } from './types.js';

/** How the process that looked at the code ended. */
export interface Ending {
  /** `exited with code 1`, `was killed by SIGSEGV`; null when it ended in order. */
  readonly how: string | null;
  /** Why it was ended, if it was ended from outside. */
  readonly stopped: string | null;
  readonly printed: readonly string[];
}

const EMPTY = { inputs: [], outputs: [] } as const;

/** Makes the report of what was found. Pure. */
export function reportOf(
  findings: readonly Finding[],
  ending: Ending,
  request: CheckRequest,
  fileName: string,
): CheckReport {
  const problems: CheckProblem[] = [];
  let processors: FoundProcessors | null = null;
  let dryRun: DryRun | null = null;
  let implied: ImpliedNames | null = null;
  for (const finding of findings) {
    switch (finding.kind) {
      case 'syntax':
        problems.push({
          kind: 'syntax',
          message: `${finding.message}${finding.text.trim() === '' ? '' : `: ${finding.text.trim()}`}`,
          ...placeOf(finding.line, finding.column),
          next: 'Correct the syntax.',
        });
        break;
      case 'missing':
        problems.push(missing(finding.modules));
        break;
      case 'import':
        problems.push({
          kind: refused(finding.type, finding.message) ? 'sandbox' : 'import',
          message: `${finding.type}: ${finding.message}`,
          ...placeOf(finding.line),
          next: 'Correct the code that runs when the file is imported.',
        });
        break;
      case 'processors':
        processors = finding;
        break;
      case 'dry_run':
        dryRun = ran(finding, ending, problems, fileName);
        break;
      case 'trial_failed':
        problems.push({
          kind: 'dry_run',
          message: `the trial with one frame could not be made: ${finding.message}`,
          next: 'Check that each output is what its port declares.',
        });
        break;
      case 'implied':
        implied = { names: finding.names, line: finding.line };
        break;
      case 'end':
        break;
    }
  }
  const chosen = processors === null ? null : choose(processors, request, problems);
  if (chosen !== null) problems.push(...checkConnections(chosen, request));
  if (!findings.some(({ kind }) => kind === 'end') && problems.length === 0) {
    problems.push(neverEnded(ending, processors !== null));
  }
  const list = (ports: Readonly<Record<string, unknown>>) =>
    Object.entries(ports).map(([name, schema]) => ({ name, schema }));
  return {
    ok: problems.length === 0,
    problems,
    ports: chosen === null ? EMPTY : { inputs: list(chosen.inputs), outputs: list(chosen.outputs) },
    execution: chosen === null ? null : (chosen.kind ?? 'reactive'),
    dryRun,
    ...(implied !== null && { implied }),
    ...(processors !== null &&
      chosen !== null &&
      problems.length === 0 && {
        declared: { processor: chosen.name, all: readProcessors(processors.processors) },
      }),
  };
}

function missing(modules: Extract<Finding, { kind: 'missing' }>['modules']): CheckProblem {
  const [first] = modules;
  const packages = [...new Set(modules.map((each) => each.package))];
  const named = modules.map(({ module, line, package: from }) =>
    module === from ? `${module} (line ${line})` : `${module} (line ${line}, from the package ${from})`,
  );
  const calls = packages.map((name) => `request_package {"package": "${name}", "reason": "…"}`).join(', ');
  return {
    kind: 'missing_packages',
    message: `the code imports what is not installed: ${named.join(', ')}`,
    ...placeOf(first?.line),
    packages,
    next: `Request ${packages.length === 1 ? 'it' : 'them all'}: ${calls}; then try again when get_package_status says installed. Or write the code without.`,
  };
}

function choose(
  { processors, chosen }: FoundProcessors,
  request: CheckRequest,
  problems: CheckProblem[],
): FoundProcessors['processors'][number] | null {
  const found = processors.find(({ name }) => name === chosen);
  if (found !== undefined) return found;
  const names = processors.map(({ name }) => name);
  problems.push(
    names.length === 0
      ? {
          kind: 'ports',
          message: 'the code declares no processor',
          next: 'Put @streamlib.processor(inputs={"video_in": VideoFrame}, outputs={"video_out": VideoFrame}) before a function or a class; list_processors has complete examples.',
        }
      : {
          kind: 'ports',
          message: `the code declares several processors, and none of them is called "${request.name}"${suggestion(request.name, names)}`,
          next: `Leave one, or give the one that is meant the name: @streamlib.processor(…, name="${request.name}").`,
        },
  );
  return null;
}

function ran(
  finding: Extract<Finding, { kind: 'dry_run' }>,
  ending: Ending,
  problems: CheckProblem[],
  fileName: string,
): DryRun {
  for (const { phase, error_type: type, message, traceback } of finding.errors) {
    const line = lineIn(traceback ?? '', fileName);
    const forbidden = refused(type ?? '', message ?? '');
    problems.push({
      kind: forbidden ? 'sandbox' : 'dry_run',
      message: `in ${phase === 'process' ? 'the first call, with one synthetic frame' : `${phase}()`}: ${type}: ${message}`,
      ...placeOf(line),
      next: forbidden
        ? 'Write it without: a processor has only its frames, its own folder and the installed packages.'
        : 'Correct the code; the line is where it failed.',
    });
  }
  if (finding.problem !== null) {
    problems.push({
      kind: 'dry_run',
      message: `with one synthetic frame: ${finding.problem}`,
      next: 'See that setup() returns, and that each call ends soon: a graph runs at the pace of its slowest processor.',
    });
  }
  return {
    milliseconds: finding.milliseconds ?? 0,
    outputs: finding.outputs,
    printed: ending.printed,
  };
}

function neverEnded({ how, stopped, printed }: Ending, imported: boolean): CheckProblem {
  const when = imported ? 'while it was tried with one frame' : 'while it was imported';
  const last = printed.slice(-5).join('\n');
  return {
    kind: stopped === null ? (imported ? 'dry_run' : 'import') : 'sandbox',
    message: `${stopped ?? `the process ${how ?? 'ended'}`} ${when}${last === '' ? '' : `; it had said:\n${last}`}`,
    next: 'See that the code neither ends its process nor runs without end.',
  };
}

function refused(type: string, message: string): boolean {
  return (
    type === 'SandboxRefused' ||
    (/^(?:PermissionError|OSError)$/.test(type) && /^\[Errno (?:1|13)\]/.test(message))
  );
}

/** The last line of the code itself in a traceback. */
function lineIn(traceback: string, fileName: string): number | null {
  const lines = [...traceback.matchAll(/^\s*File "([^"]+)", line (\d+)/gm)].filter((match) =>
    match[1]?.endsWith(`/${fileName}`),
  );
  const last = lines.at(-1)?.[2];
  return last === undefined ? null : Number(last);
}

function placeOf(line?: number | null, column?: number | null): { line?: number; column?: number } {
  return {
    ...(line !== null && line !== undefined && { line }),
    ...(column !== null && column !== undefined && { column }),
  };
}
