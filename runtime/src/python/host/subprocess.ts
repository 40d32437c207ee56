import { serviceName, stateDir } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';
import { Child, type ChildExit } from '../../process/child.js';
import { RateLimiter } from '../../process/lines.js';
import type { Confinement } from '../sandbox/sandbox.js';
import { withoutSecrets } from '../sandbox/spare.js';
import { RUNNER_MODULE, type RunnerJob } from '../spare/job.js';
import type { BridgeSetup } from './types.js';

const LINES_PER_SECOND = 200;
const LINES_AT_ONCE = 1000;

/** Starts the runner on a user's file; what it prints becomes log lines under the processor's name. */
export function spawnRunner(
  setup: BridgeSetup,
  connection: { readonly id: string; readonly address: string; readonly clientToken: string },
  log: Logger,
  onExit: (exit: ChildExit) => void,
  /** It took more than its sandbox allows, and is to be ended. */
  broken: (reason: string) => void,
): Child {
  const limiter = new RateLimiter(LINES_PER_SECOND, LINES_AT_ONCE);
  const tellRefused = () => {
    const refused = limiter.takeRefused();
    if (refused > 0) log.warn(`${refused} lines of output left out: more than ${LINES_PER_SECOND} a second`);
  };
  const job: RunnerJob = {
    python: setup.python,
    arguments: commandLine(setup),
    env: {
      ...process.env,
      STREAMLIB_CONNECTION_ID: connection.id,
      STREAMLIB_BROKER_ENDPOINT: connection.address,
      // The user's own opens everything; the client gets one of its own, and not where a child of its code would inherit it.
      STREAMLIB_BROKER_TOKEN: undefined,
      STREAMLIB_CLIENT_TOKEN_FD: '3',
      // Both sides must name the same relay and the same state directory, whatever defaults they would find for themselves.
      STREAMLIB_BROKER_XPC_SERVICE: serviceName(),
      STREAMLIB_HOME: stateDir(),
      STREAMLIB_HOST_PID: String(process.pid),
      PYTHONUNBUFFERED: '1',
    },
    secret: connection.clientToken,
    onLine: (stream, line) => {
      if (!limiter.allow(performance.now())) return;
      tellRefused();
      if (stream === 'stderr') log.warn(line, { stream });
      else log.info(line, { stream });
    },
    onExit: (exit) => {
      tellRefused();
      onExit(exit);
    },
  };
  if (setup.confinement !== undefined) return spawnConfined(setup, setup.confinement, job, log, broken);
  // A spare process has the imports behind it that all processors have in common.
  const spare = setup.spares?.take(job, setup.file);
  if (spare !== null && spare !== undefined) {
    log.debug('the spare process takes it on', { pid: spare.pid });
    return spare;
  }
  const { python, arguments: runnerArguments, ...rest } = job;
  return new Child({ command: python, args: ['-m', RUNNER_MODULE, ...runnerArguments], ...rest });
}

function commandLine({ module, file, processor }: BridgeSetup): readonly string[] {
  if (module !== undefined) return ['--module', module];
  return [file, ...(processor === null ? [] : [processor])];
}

/** By a spare that puts the walls up around itself, or from nothing; never by a spare that is not made for it. */
function spawnConfined(
  setup: BridgeSetup,
  confinement: Confinement,
  job: RunnerJob,
  log: Logger,
  broken: (reason: string) => void,
): Child {
  let unwatch = () => {};
  const onExit = (exit: ChildExit) => {
    unwatch();
    job.onExit(exit);
  };
  const watched = { ...job, onExit };
  const spare = confinedSpare(setup, confinement, watched);
  if (spare !== null) log.debug('a spare process takes it on, and confines itself', { pid: spare.pid });
  const child = spare ?? fromNothing(confinement, watched);
  if (child.pid !== null) {
    unwatch = confinement.watch(child.pid, (reason) => {
      // Told first: how the process ends says less.
      broken(reason);
      child.signalGroup('SIGKILL');
    });
  }
  return child;
}

function confinedSpare(setup: BridgeSetup, confinement: Confinement, job: RunnerJob): Child | null {
  if (setup.spares === undefined) return null;
  const policy = confinement.policy();
  if (policy === null) return null;
  return setup.spares.take({ ...job, policy, env: withoutSecrets(job.env) }, setup.file);
}

function fromNothing(confinement: Confinement, job: RunnerJob): Child {
  const { python, arguments: runnerArguments, env, ...rest } = job;
  const launch = confinement.launch({
    command: python,
    args: ['-m', RUNNER_MODULE, ...runnerArguments],
    env,
  });
  return new Child({ ...launch, env: launch.env, ...rest });
}
