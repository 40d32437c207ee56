import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { stateDir } from '@streamlib/host-bridge';
import type { CheckReport, CheckRequest, CodeChecker } from '../control/ports.js';
import { StreamlibError } from '../errors/streamlib-error.js';
import { pythonOf } from '../python-env/environment.js';
import type { ProcessSandbox } from '../sandbox/sandbox.js';
import { describeExit } from '../supervisor/child.js';
import { LineSplitter } from '../supervisor/lines.js';
import { readFindings } from './findings.js';
import { type Ending, reportOf } from './report.js';

export interface CheckerOptions {
  /** The environment that the code will run in. */
  readonly environment: () => Promise<string>;
  readonly sandbox: (environment: string) => ProcessSandbox;
  readonly limitMs?: number;
}

/** Longer than the trial's own limits: the code that keeps it from ending is told by the trial, if it can be. */
const LIMIT_MS = 30_000;
const MOST_REPORT = 4 * 1024 * 1024;
const MOST_LINES = 100;
const MOST_LINE = 500;

/** Has an environment's interpreter look at code, and try it with one frame, confined. */
export class PythonChecker implements CodeChecker {
  constructor(private readonly options: CheckerOptions) {}

  async check(code: string, request: CheckRequest): Promise<CheckReport> {
    const environment = await this.options.environment();
    const sandbox = this.options.sandbox(environment);
    if (!sandbox.permitted)
      throw new StreamlibError('sandbox', `the code is not looked at: ${sandbox.detail}`);
    const root = join(stateDir(), 'checks');
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const folder = mkdtempSync(join(root, 'check-'));
    const fileName = `${request.name.replace(/\W/g, '_')}.py`;
    const file = join(folder, fileName);
    try {
      writeFileSync(file, code, { mode: 0o600 });
      const asked = JSON.stringify({
        file,
        name: request.name,
        config: request.config ?? {},
        dry_run: request.dryRun ?? true,
      });
      const { findings, ending } = await this.look(environment, sandbox, folder, asked, request.signal);
      return reportOf(readFindings(findings), ending, request, fileName);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  private look(
    environment: string,
    sandbox: ProcessSandbox,
    folder: string,
    asked: string,
    signal?: AbortSignal,
  ): Promise<{ findings: string; ending: Ending }> {
    const limitMs = this.options.limitMs ?? LIMIT_MS;
    const confinement = sandbox.enter({ name: 'check', codeDir: folder, environment });
    const launch = confinement.launch({
      command: pythonOf(environment),
      args: ['-m', 'streamlib._check', asked],
      env: { ...process.env, STREAMLIB_BROKER_TOKEN: undefined, STREAMLIB_HOST_PID: String(process.pid) },
    });
    return new Promise((resolve, reject) => {
      const child = spawn(launch.command, [...launch.args], {
        cwd: folder,
        env: launch.env,
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        detached: true,
      });
      let findings = '';
      let stopped: string | null = null;
      const printed: string[] = [];
      const kill = () => {
        try {
          if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        } catch {
          // Gone already.
        }
      };
      const stop = (why: string) => {
        stopped ??= why;
        kill();
      };
      const unwatch = child.pid === undefined ? () => {} : confinement.watch(child.pid, stop);
      const limit = setTimeout(() => stop(`it had not finished after ${limitMs / 1000} s`), limitMs);
      const abort = () => stop('the check was given up');
      signal?.addEventListener('abort', abort, { once: true });
      const [, out, err, report] = child.stdio;
      for (const stream of [out, err]) collect(stream as Readable, printed);
      (report as Readable).setEncoding('utf8').on('data', (text: string) => {
        findings += text;
        if (findings.length > MOST_REPORT) stop('it reported without end');
      });
      const finish = () => {
        clearTimeout(limit);
        unwatch();
        signal?.removeEventListener('abort', abort);
      };
      child.once('error', (cause) => {
        finish();
        reject(
          new StreamlibError(
            'python_environment',
            `${launch.command} could not be started: ${cause.message}`,
            {
              cause,
            },
          ),
        );
      });
      child.once('exit', kill);
      child.once('close', (code, exitSignal) => {
        finish();
        const how =
          code === 0 ? null : describeExit({ code, signal: exitSignal, spawnError: null, stderrTail: [] });
        resolve({ findings, ending: { how, stopped, printed } });
      });
    });
  }
}

function collect(stream: Readable, lines: string[]): void {
  const splitter = new LineSplitter((line) => {
    if (lines.length < MOST_LINES && line !== '') lines.push(line.slice(0, MOST_LINE));
  });
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => splitter.push(text));
  stream.once('end', () => splitter.end());
}
