import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { SandboxSettings } from '../../base/settings/schema.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { type Choice, chooseMechanism, type Support } from './mechanism.js';
import { confinedArguments, describePolicy, type Policy, policyOf } from './policy.js';
import { supportOf } from './probe.js';
import { freshScratch, removeScratch } from './scratch.js';
import { type SeatbeltPaths, seatbeltProfile } from './seatbelt.js';
import type { Launch, Sandbox, SandboxRequest } from './types.js';
import { breach, usageOf } from './usage.js';

/** How a node's process is confined: what its host needs to know of it. */
export interface Confinement {
  /** How long one call of its code, and its import with setup(), may take. */
  readonly hangTimeoutS: number;
  readonly setupTimeoutS: number;
  launch(launch: Launch): Launch;
  /** For a process that runs already and confines itself; null where none can. Its scratch folder is fresh. */
  policy(): Policy | null;
  /** Looks after what the kernel cannot limit for one process. Returns how to end it. */
  watch(pid: number, broken: (reason: string) => void): () => void;
}

const WATCH_MS = 500;
let entered = 0;

/** Walls around a process, up before its code runs. */
export class ProcessSandbox implements Sandbox {
  readonly mechanism: string;
  readonly available: boolean;
  readonly detail: string;
  private readonly choice: Choice;

  constructor(
    private readonly settings: SandboxSettings,
    support: Support | string,
  ) {
    const choice = chooseMechanism(support, process.platform, settings.mechanism);
    this.choice = choice;
    this.available = 'mechanism' in choice;
    this.mechanism = 'mechanism' in choice ? choice.name : 'none';
    this.detail =
      'mechanism' in choice
        ? `${describePolicy(settings)}${choice.note === '' ? '' : ` (${choice.note})`}`
        : `${choice.lacking}; code from outside is ${settings.when_missing === 'run' ? 'run without one, as the settings say' : 'refused; `sandbox: { when_missing: run }` in streamlib.yaml lets it run without one'}`;
  }

  /** Whether code from outside may be run here, confined or not. */
  get permitted(): boolean {
    return this.available || this.settings.when_missing === 'run';
  }

  /** For one process at a time. `cpuSeconds`: for a run that has an end. */
  enter(request: SandboxRequest, cpuSeconds?: number): Confinement & { readonly scratch: string | null } {
    const times = {
      hangTimeoutS: this.settings.hang_timeout_s,
      setupTimeoutS: this.settings.setup_timeout_s,
    };
    const { choice } = this;
    if (!('mechanism' in choice)) {
      if (this.permitted)
        return {
          ...times,
          scratch: null,
          launch: (launch) => launch,
          policy: () => null,
          watch: () => () => {},
        };
      throw new StreamlibError('sandbox', `${request.name} is not run: ${this.detail}`);
    }
    let scratch = '';
    const { settings } = this;
    const fresh = (): Policy => {
      if (scratch !== '') removeScratch(scratch);
      // A node that is replaced runs beside its successor for a moment.
      scratch = freshScratch(`${request.name}-${++entered}`);
      const asked = { ...request, scratch };
      const profile = choice.mechanism === 'seatbelt' ? { profile: seatbeltProfile(realPaths(asked)) } : {};
      return policyOf(asked, settings, { ...choice, ...profile }, cpuSeconds);
    };
    return {
      ...times,
      get scratch() {
        return scratch;
      },
      // The others put their walls around a process that is about to be.
      policy: () => (choice.mechanism === 'landlock' ? fresh() : null),
      launch: (launch) => ({ ...launch, args: confinedArguments(fresh(), launch.args) }),
      watch(pid, broken) {
        const timer = setInterval(() => {
          const usage = usageOf(pid, scratch);
          const reason = usage === null ? null : breach(usage, settings);
          if (reason === null) return;
          clearInterval(timer);
          broken(`the sandbox stopped it: ${reason}`);
        }, WATCH_MS);
        timer.unref();
        return () => {
          clearInterval(timer);
          removeScratch(scratch);
        };
      },
    };
  }
}

/** Where links lead to. */
function realPaths({
  codeDir,
  environment,
  scratch,
}: {
  readonly codeDir: string;
  readonly environment: string;
  readonly scratch: string;
}): SeatbeltPaths {
  const interpreter = realpathSync(join(environment, 'bin', 'python'));
  return {
    codeDir: realpathSync(codeDir),
    environment: realpathSync(environment),
    base: dirname(dirname(interpreter)),
    interpreter,
    scratch: realpathSync(scratch),
  };
}

/** The sandbox for an environment. The machine is asked once. */
export async function openProcessSandbox(
  environment: string,
  settings: SandboxSettings,
): Promise<ProcessSandbox> {
  return new ProcessSandbox(settings, await supportOf(environment));
}
