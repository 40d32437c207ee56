import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { StreamlibError } from '../../base/streamlib-error.js';
import { Child, type ChildExit, describeExit } from '../../process/child.js';
import { pythonOf } from '../environment/locate.js';
import type { ProcessSandbox } from '../sandbox/sandbox.js';
import { withoutSecrets } from '../sandbox/spare.js';
import type { SparePool } from '../spare/pool.js';
import { readFindings } from './findings.js';
import { allowImpliedNames } from './implied-names.js';
import { type Ending, reportOf } from './report.js';
import type { CheckReport, CheckRequest, CodeChecker } from './types.js';

export interface CheckerOptions {
  /** The environment that the code will run in. */
  readonly environment: () => Promise<string>;
  readonly sandbox: (environment: string) => Promise<ProcessSandbox>;
  /** Where a process may be had that has its imports behind it and can confine itself. */
  readonly spares?: Pick<SparePool, 'take' | 'warm'> | null;
  /** Gives back what was opened for the checker. */
  readonly close?: () => Promise<void>;
  readonly limitMs?: number;
}

/** Longer than the trial's own limits: the code that keeps it from ending is told by the trial, if it can be. */
const LIMIT_MS = 30_000;
const MOST_REPORT = 1024 * 1024;
const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const MOST_LINES = 100;
const MOST_LINE = 500;

/** Has an environment's interpreter look at code, and try it with one frame, confined. */
export class PythonChecker implements CodeChecker {
  constructor(private readonly options: CheckerOptions) {}

  async check(code: string, request: CheckRequest): Promise<CheckReport> {
    const environment = await this.options.environment();
    const sandbox = await this.options.sandbox(environment);
    if (!sandbox.permitted)
      throw new StreamlibError('sandbox', `the code is not looked at: ${sandbox.detail}`);
    const root = join(stateDir(), 'checks');
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(root, 'check-'));
    const fileName = `${request.name.replace(/\W/g, '_')}.py`;
    const file = join(folder, fileName);
    try {
      writeFileSync(file, code, { mode: 0o600 });
      if (request.impliedNames === true) allowImpliedNames(folder);
      const asked = {
        file,
        name: request.name,
        config: request.config ?? {},
        dry_run: request.dryRun ?? true,
      };
      const { findings, ending } = await this.look(environment, sandbox, folder, asked, request.signal);
      return reportOf(readFindings(findings), ending, request, fileName);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** Starts the process that the next check will take. */
  async warm(): Promise<void> {
    this.options.spares?.warm(pythonOf(await this.options.environment()), 'confined');
  }

  async close(): Promise<void> {
    await this.options.close?.();
  }

  private look(
    environment: string,
    sandbox: ProcessSandbox,
    folder: string,
    asked: { readonly file: string },
    signal?: AbortSignal,
  ): Promise<{ findings: string; ending: Ending }> {
    const limitMs = this.options.limitMs ?? LIMIT_MS;
    const confinement = sandbox.enter({ name: 'check', codeDir: folder, environment });
    // A process that runs already, or one that is to be. Either begins in a scratch folder of its own: the findings lie there.
    const policy = confinement.policy();
    const python = pythonOf(environment);
    const argument = JSON.stringify({ ...asked, findings: 'findings' });
    const env = {
      ...process.env,
      STREAMLIB_BROKER_TOKEN: undefined,
      STREAMLIB_HOST_PID: String(process.pid),
    };
    const fromNothing = () =>
      confinement.launch({ command: python, args: ['-m', 'streamlib._process.check', argument], env });
    return new Promise((resolve) => {
      const printed: string[] = [];
      let stopped: string | null = null;
      const onLine = (_stream: 'stdout' | 'stderr', line: string) => {
        if (printed.length < MOST_LINES && line !== '') printed.push(line.slice(0, MOST_LINE));
      };
      const onExit = (exit: ChildExit) => {
        clearTimeout(limit);
        signal?.removeEventListener('abort', abort);
        const found = beginningOf(join(confinement.scratch ?? folder, 'findings'));
        unwatch();
        const how = exit.code === 0 ? null : describeExit(exit);
        resolve({ findings: found, ending: { how, stopped, printed } });
      };
      const job = { python, arguments: [argument], env: withoutSecrets(env), secret: '', check: true };
      const spare =
        policy === null ? null : this.options.spares?.take({ ...job, policy, onLine, onExit }, asked.file);
      const child = spare ?? new Child({ ...fromNothing(), env, cwd: folder, onLine, onExit });
      const stop = (why: string) => {
        stopped ??= why;
        child.signalGroup('SIGKILL');
      };
      const unwatch = child.pid === null ? () => {} : confinement.watch(child.pid, stop);
      const limit = setTimeout(() => stop(`it had not finished after ${limitMs / 1000} s`), limitMs);
      const abort = () => stop('the check was given up');
      signal?.addEventListener('abort', abort, { once: true });
    });
  }
}

/** What the code under test can write to may be of any length, or gone. */
function beginningOf(path: string): string {
  try {
    // By now the code may have put something else in its place: a link, or a pipe that nobody ever writes to.
    const file = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      if (!fstatSync(file).isFile()) return '';
      const bytes = Buffer.alloc(MOST_REPORT);
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, MOST_REPORT, 0));
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}
