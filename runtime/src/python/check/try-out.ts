import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { Child, type ChildExit, describeExit } from '../../process/child.js';
import { type Finding, readFindings } from './findings.js';
import { type Ending, reportOf } from './report.js';
import type { CheckProblem } from './types.js';

/** A processor of a person's file, to be tried where it lies and with what that person may do. */
export interface TryOutRequest {
  readonly python: string;
  readonly file: string;
  readonly processor: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** The trial has limits of its own; this is for code that keeps it from ending. */
const LIMIT_MS = 30_000;
const MOST_LINES = 50;

/**
 * Calls a processor with one synthetic frame, as the check of an agent's code does, but without a sandbox. Finds what would raise an
 * exception or end the process. That something takes long is no mistake here: large models do.
 */
export async function tryOut(request: TryOutRequest): Promise<readonly CheckProblem[]> {
  const { file, processor } = request;
  const root = join(stateDir(), 'checks');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const folder = mkdtempSync(join(root, 'try-'));
  try {
    const ending = await look(request, join(folder, 'findings'));
    if (ending.stopped !== null) return [];
    const findings = read(join(folder, 'findings')).map(withoutTimeouts);
    return reportOf(findings, ending, { name: processor }, basename(file)).problems;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function look(request: TryOutRequest, findings: string): Promise<Ending> {
  const { python, file, processor: name, config, signal } = request;
  const asked = { file, name, config, dry_run: true, findings, in_place: true };
  return new Promise((resolve) => {
    const printed: string[] = [];
    let stopped: string | null = null;
    const child = new Child({
      command: python,
      args: ['-m', 'streamlib._process.check', JSON.stringify(asked)],
      env: {
        ...process.env,
        STREAMLIB_BROKER_TOKEN: undefined,
        STREAMLIB_HOST_PID: String(process.pid),
        PYTHONUNBUFFERED: '1',
      },
      cwd: dirname(file),
      onLine: (_stream, line) => {
        if (printed.length < MOST_LINES && line !== '') printed.push(line);
      },
      onExit: (exit: ChildExit) => {
        clearTimeout(limit);
        signal?.removeEventListener('abort', giveUp);
        resolve({ how: exit.code === 0 ? null : describeExit(exit), stopped, printed });
      },
    });
    const stop = (why: string) => {
      stopped ??= why;
      child.signalGroup('SIGKILL');
    };
    const giveUp = () => stop('it was given up');
    const limit = setTimeout(() => stop('it took too long'), LIMIT_MS);
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted === true) giveUp();
  });
}

function read(path: string): Finding[] {
  try {
    return readFindings(readFileSync(path, 'utf8'));
  } catch {
    // The process ended before it wrote anything, which its ending tells.
    return [];
  }
}

function withoutTimeouts(finding: Finding): Finding {
  return finding.kind === 'dry_run' ? { ...finding, problem: null } : finding;
}
