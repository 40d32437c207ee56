import type { SpawnOptions } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { basename, dirname } from 'node:path';
import { stateDir } from '@streamlib/host-bridge';
import { StreamlibError } from '../../base/streamlib-error.js';
import { endsWithUs, killGroup } from '../../process/groups.js';
import { startProcess } from '../../process/start-process.js';
import type { Confinement } from '../sandbox/sandbox.js';

/** How a process that imported a file ended. */
export interface Inspection {
  /** What it wrote as its report; empty where there is none. */
  readonly answer: string;
  readonly how: string;
  /** What it said meanwhile, and why it was ended if it was. */
  readonly said: string;
}

const LIMIT_MS = 60_000;
/** Descriptor 3 is open to the file's own code as well, and what it writes there is kept until it ends. */
const ANSWER_LIMIT = 1024 * 1024;
const KEPT_SAID = 8192;
/** For what lies in its pipes when it has ended. */
const AFTER_EXIT_MS = 1000;

/** Frames may be flowing: what only looks at a file is not to take the processors from them. */
function giveWay(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Gone already, or the system has its own idea.
  }
}

/** Imports a file in a process of its own, which ends with this one. */
export function runInspection(
  { file, module }: { readonly file: string; readonly module?: string },
  python: string,
  signal?: AbortSignal,
  confinement?: Confinement,
): Promise<Inspection> {
  const stopped = () =>
    new StreamlibError('stopped', `stopped while ${basename(file)} was being looked at; nothing was changed`);
  if (signal?.aborted) return Promise.reject(stopped());
  return new Promise((resolve, reject) => {
    // The report has a descriptor of its own, so that whatever the file prints cannot get into it.
    const plain = {
      command: python,
      args: ['-m', 'streamlib._process.inspect', ...(module === undefined ? [file] : ['--module', module])],
      env: { ...process.env, STREAMLIB_BROKER_TOKEN: undefined, STREAMLIB_HOST_PID: String(process.pid) },
    };
    const launch = confinement?.launch(plain) ?? plain;
    const options: SpawnOptions = {
      // Beside a module of a package lie others that would be taken for those of the standard library.
      cwd: module === undefined ? dirname(file) : stateDir(),
      env: launch.env,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      detached: true,
    };
    const child = startProcess(launch.command, launch.args, options, (cause) => {
      const message = `${python} could not be started: ${cause.message}`;
      reject(new StreamlibError('python_environment', message, { cause }));
    });
    if (child?.pid === undefined) return;
    const { pid } = child;
    const forget = endsWithUs(pid);
    giveWay(pid);

    let answer = '';
    let stderr = '';
    let reason = '';
    const kill = () => killGroup(pid, 'SIGKILL');
    const end = (why: string) => {
      if (reason === '') reason = why;
      kill();
    };
    const unwatch = confinement?.watch(pid, end);
    const limit = setTimeout(
      () =>
        end(
          `it had not finished after ${LIMIT_MS / 1000} s: code that runs at import time keeps it; move that into setup()`,
        ),
      LIMIT_MS,
    );
    signal?.addEventListener('abort', kill, { once: true });

    const [, stdoutPipe, stderrPipe, reportPipe] = child.stdio;
    stdoutPipe?.resume();
    stderrPipe?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-KEPT_SAID);
    });
    if (reportPipe !== null && reportPipe !== undefined && 'setEncoding' in reportPipe) {
      reportPipe.setEncoding('utf8').on('data', (text: string) => {
        if (answer.length + text.length <= ANSWER_LIMIT) answer += text;
        else
          end(
            `it wrote more than ${ANSWER_LIMIT / 1024} KiB to descriptor 3, which is for the report of its ports: the file must not write there`,
          );
      });
    }

    let late: NodeJS.Timeout | undefined;
    child.once('exit', () => {
      kill();
      // What went away into a group of its own may hold the pipes for as long as it likes.
      late = setTimeout(() => {
        for (const pipe of child.stdio) pipe?.destroy();
      }, AFTER_EXIT_MS);
    });
    child.once('close', (code, exitSignal) => {
      clearTimeout(limit);
      clearTimeout(late);
      unwatch?.();
      forget();
      signal?.removeEventListener('abort', kill);
      if (signal?.aborted) return reject(stopped());
      const how = exitSignal === null ? `exit code ${code}` : `signal ${exitSignal}`;
      const said = [stderr.trim(), reason].filter((text) => text !== '').join('\n');
      // What was ended in the middle of its report has none.
      resolve({ answer: reason === '' ? answer : '', how, said });
    });
  });
}
