import { randomBytes } from 'node:crypto';
import type { ChildSpec } from '../../process/child.js';

/** What a Python processor's process is started with, whether from nothing or out of a spare one. */
export interface RunnerJob {
  readonly python: string;
  /** The arguments of `streamlib._subprocess_runner`: file, processor; or --module MODULE:ATTRIBUTE. */
  readonly arguments: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Found on descriptor 3. */
  readonly secret: string;
  /** For code that is to run confined: how. */
  readonly policy?: object;
  /** True: the code is only to be looked at, see `code-check/`. */
  readonly check?: boolean;
  readonly onLine: ChildSpec['onLine'];
  readonly onExit: ChildSpec['onExit'];
}

export const RUNNER_MODULE = 'streamlib._subprocess_runner';
export const SPARE_MODULE = 'streamlib._process.spare';

/** A line that the spare writes to both its outputs when it takes its job on, and that no other text can contain by chance. */
export function newMark(): string {
  return `\u001estreamlib spare ${randomBytes(12).toString('hex')}`;
}

/** What the spare reads from descriptor 3. */
export function taskText(job: RunnerJob, mark: string): string {
  const environment = Object.fromEntries(Object.entries(job.env).filter(([, value]) => value !== undefined));
  const { arguments: given, secret, policy, check } = job;
  return JSON.stringify({
    arguments: given,
    environment,
    secret,
    mark,
    ...(policy && { policy }),
    ...(check && { check }),
  });
}

const BEFORE_IMPORTS =
  /\b(?:OMP|OPENBLAS|GOTO|MKL|BLIS|VECLIB|NUMEXPR)_(?:NUM_THREADS|MAX_THREADS|CORETYPE|VERBOSE)\b|\b(?:NPY|NUMPY|GRPC)_[A-Z_]{3,}|PYTHONHASHSEED/;

/** Whether a file names settings that packages read once, when they are imported: a spare has imported them already. */
export function wantsFreshInterpreter(source: string): boolean {
  return BEFORE_IMPORTS.test(source);
}
