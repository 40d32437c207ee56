import type { SpawnOptions } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { brokerLockHolder, foreignListener, serviceName, stateDir } from '@streamlib/host-bridge';
import { StreamlibError, toError } from '../base/streamlib-error.js';
import { startProcess } from '../process/start-process.js';
import { findBrokerProgram } from './broker-program.js';
import { isUnauthenticated } from './unary.js';

export interface EnsureOptions {
  /**
   * What the broker at the configured address says of itself; null when none answers; rejects when one refuses to say.
   * `patient`: there is one, so a channel that just failed is to try again.
   */
  readonly status: (
    signal: AbortSignal,
    patient: boolean,
  ) => Promise<{ readonly serviceName: string } | null>;
  /** Where it is looked for now: a broker that was just started may have taken another port. */
  readonly address: () => string;
  /** Nobody said where it is to listen, so another program at its port does not keep it from running. */
  readonly movable: boolean;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal;
}

const START_LIMIT_MS = 15_000;
/** For a broker that another process is starting at the same moment: it holds the lock but may not answer yet. */
const RIVAL_LIMIT_MS = 10_000;
const RIVAL_POLL_MS = 50;
/** With what the broker's program ends when another one holds the lock. */
const LOCKED_EXIT_CODE = 4;

/**
 * Makes sure that a broker answers, and starts one if none does: detached, so that it outlives this runtime.
 * Two runtimes may do this at once: the broker allows one instance for a service name, so one of them starts it, and the
 * other's refuses to run and finds that one.
 */
export async function ensureBroker(options: EnsureOptions): Promise<void> {
  if (await answers(options)) return;
  options.onProgress(`no broker answers at ${options.address()}; starting one`);
  const started = await startBroker(findBrokerProgram(), options.signal);
  if (started.ready) {
    if (await answers(options, true)) return;
    throw new StreamlibError(
      'broker_unavailable',
      `a broker was started, but none answers at ${options.address()}; check STREAMLIB_BROKER_ENDPOINT and STREAMLIB_BROKER_PORT`,
    );
  }
  // Of what the failure says, only that there is another one may pass by itself.
  const until = performance.now() + (started.rival ? RIVAL_LIMIT_MS : 0);
  for (;;) {
    if (await answers(options)) return;
    if (performance.now() >= until) break;
    await pause(RIVAL_POLL_MS, undefined, { signal: options.signal });
  }
  const holder = started.rival ? brokerLockHolder() : null;
  throw new StreamlibError(
    'broker_unavailable',
    holder === null
      ? `a broker could not be started: ${started.why}`
      : `process ${holder} is this broker (it holds its lock), but does not answer at ${options.address()}: it hangs, or listens at another address (compare STREAMLIB_BROKER_ENDPOINT and STREAMLIB_BROKER_PORT); \`streamlib broker restart\`, or \`kill -9 ${holder}\`, ends it, and connections that are ready keep working`,
  );
}

/**
 * Whether our broker answers. Another one at the same address (of another checkout, say) is told at once: its relay is not
 * ours, and every handshake would fail.
 */
async function answers(options: EnsureOptions, patient = false): Promise<boolean> {
  const address = options.address();
  const stranger = foreignListener(address);
  if (stranger !== null)
    return another(
      options,
      `${address} belongs to another user of this machine (uid ${stranger}), who is told nothing`,
    );
  let status: { readonly serviceName: string } | null;
  try {
    status = await options.status(options.signal, patient);
  } catch (cause) {
    if (!isUnauthenticated(cause)) throw cause;
    // What it is, it tells nobody without its token; that it is not ours, it has told by that.
    return another(
      options,
      `the broker at ${address} does not take the token of ${stateDir()}: it belongs to another checkout or installation, or STREAMLIB_BROKER_TOKEN is not its own`,
      cause,
    );
  }
  if (status === null) return false;
  if (status.serviceName === '' || status.serviceName === serviceName()) return true;
  return another(options, `the broker at ${address} serves "${status.serviceName}", not "${serviceName()}"`);
}

/** What is another's is left alone: ours takes another port, unless somebody said which one it must be, or it runs already. */
function another({ movable }: EnsureOptions, what: string, cause?: unknown): false {
  if (movable && brokerLockHolder() === null) return false;
  const same = brokerLockHolder() === null ? '' : ', and another name with STREAMLIB_BROKER_XPC_SERVICE';
  throw new StreamlibError(
    'broker_unavailable',
    `${what}; choose another port with STREAMLIB_BROKER_PORT${same}`,
    cause === undefined ? undefined : { cause },
  );
}

/** `rival`: another one holds the lock. */
type Started =
  | { readonly ready: true }
  | { readonly ready: false; readonly why: string; readonly rival?: boolean };

function atStart<T>(cannot: string, hint: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new StreamlibError(
      'broker_unavailable',
      `a broker could not be started: ${cannot} (${toError(error).message}); ${hint}`,
      { cause: error },
    );
  }
}

/** What a broker says before its own log is open goes to a file: a pipe would break under it when this runtime ends. */
function openErrors(): { folder: string; errors: string; stderr: number } {
  const folder = mkdtempSync(join(tmpdir(), 'streamlib-broker-'));
  const errors = join(folder, 'stderr');
  try {
    return { folder, errors, stderr: openSync(errors, 'w', 0o600) };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

async function startBroker(program: string, signal: AbortSignal): Promise<Started> {
  atStart(
    'its state directory cannot be made',
    'make room there, or choose another with STREAMLIB_HOME',
    () => mkdirSync(stateDir(), { recursive: true, mode: 0o700 }),
  );
  const { folder, errors, stderr } = atStart(
    `nothing can be written in ${tmpdir()}`,
    'make room there, or raise the limits of this process',
    openErrors,
  );
  try {
    return await new Promise<Started>((resolve, reject) => {
      const options: SpawnOptions = {
        detached: true,
        stdio: ['ignore', 'ignore', stderr, 'pipe'],
        cwd: stateDir(),
      };
      const child = startProcess(process.execPath, [program, '--ready-fd', '3'], options, (error) =>
        resolve({ ready: false, why: error.message }),
      );
      if (child === null) return;
      const readiness = child.stdio[3] as Readable;
      const settle = (act: () => void) => {
        clearTimeout(limit);
        signal.removeEventListener('abort', aborted);
        readiness.destroy();
        child.removeAllListeners();
        child.on('error', () => {});
        child.unref();
        act();
      };
      const said = () => readFileSync(errors, 'utf8').trim() || 'it said nothing';
      const limit = setTimeout(() => {
        child.kill('SIGKILL');
        settle(() =>
          resolve({ ready: false, why: `it was not ready within ${START_LIMIT_MS / 1000} s; ${said()}` }),
        );
      }, START_LIMIT_MS);
      const aborted = () =>
        settle(() => reject(new StreamlibError('stopped', 'stopped while a broker was being started')));
      signal.addEventListener('abort', aborted, { once: true });
      readiness.once('data', () => settle(() => resolve({ ready: true })));
      readiness.on('error', () => {});
      child.once('exit', (code, by) => {
        settle(() =>
          resolve({
            ready: false,
            why: `it ended at once (${by ?? `exit code ${code}`}): ${said()}`,
            rival: code === LOCKED_EXIT_CODE,
          }),
        );
      });
    });
  } finally {
    closeSync(stderr);
    rmSync(folder, { recursive: true, force: true });
  }
}
