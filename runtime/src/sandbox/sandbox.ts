import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { Launch, Sandbox, SandboxRequest } from '../control/ports.js';
import { StreamlibError } from '../errors/streamlib-error.js';
import type { SandboxSettings } from '../settings/schema.js';
import { confinedArguments, describePolicy, type Policy, policyOf, probeArguments } from './policy.js';
import { freshScratch, removeScratch } from './scratch.js';
import { breach, usageOf } from './usage.js';

/** How a node's process is confined: what its host needs to know of it. */
export interface Confinement {
  /** How long one call of its code, and its import with setup(), may take. */
  readonly hangTimeoutS: number;
  readonly setupTimeoutS: number;
  launch(launch: Launch): Launch;
  /** For a process that confines itself; null where none can. Its scratch folder is fresh. */
  policy(): Policy | null;
  /** Looks after what the kernel cannot limit for one process. Returns how to end it. */
  watch(pid: number, broken: (reason: string) => void): () => void;
}

export interface Support {
  readonly landlock: number;
  readonly seccomp: boolean;
}

const WATCH_MS = 500;
let entered = 0;
const PROBE_LIMIT_MS = 20_000;
const probed = z.object({ landlock: z.number(), seccomp: z.boolean() });

/** What the kernel offers to an environment's interpreter; null where that cannot be asked. */
export function probeSupport(environment: string): Support | string {
  if (process.platform !== 'linux') return `there is no sandbox for ${process.platform} yet`;
  const { stdout, stderr, error } = spawnSync(
    join(environment, 'bin', 'python'),
    probeArguments(environment),
    {
      encoding: 'utf8',
      timeout: PROBE_LIMIT_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  if (error !== undefined) return `${environment} could not be asked: ${error.message}`;
  try {
    return probed.parse(JSON.parse(stdout));
  } catch {
    return `${environment} has no sandbox in its package streamlib; is it of another version?\n${stderr.trim()}`;
  }
}

/** Landlock and seccomp, put around a process by itself before its code runs. */
export class ProcessSandbox implements Sandbox {
  readonly mechanism: string;
  readonly available: boolean;
  readonly detail: string;

  constructor(
    private readonly settings: SandboxSettings,
    support: Support | string,
  ) {
    const lacking = lacks(support);
    this.available = lacking === null;
    this.mechanism = this.available ? 'landlock+seccomp' : 'none';
    this.detail =
      lacking === null
        ? `${describePolicy(settings)} (Landlock ABI ${typeof support === 'string' ? 0 : support.landlock})`
        : `${lacking}; code from outside is ${settings.when_missing === 'run' ? 'run without one, as the settings say' : 'refused; `sandbox: { when_missing: run }` in streamlib.yaml lets it run without one'}`;
  }

  /** Whether code from outside may be run here, confined or not. */
  get permitted(): boolean {
    return this.available || this.settings.when_missing === 'run';
  }

  get limits(): SandboxSettings {
    return this.settings;
  }

  confine(launch: Launch, request: SandboxRequest): Launch {
    return this.enter(request).launch(launch);
  }

  /** For one process at a time. `cpuSeconds`: for a run that has an end. */
  enter(request: SandboxRequest, cpuSeconds?: number): Confinement & { readonly scratch: string | null } {
    const times = {
      hangTimeoutS: this.settings.hang_timeout_s,
      setupTimeoutS: this.settings.setup_timeout_s,
    };
    if (!this.available) {
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
    return {
      ...times,
      get scratch() {
        return scratch;
      },
      policy() {
        if (scratch !== '') removeScratch(scratch);
        // A node that is replaced runs beside its successor for a moment.
        scratch = freshScratch(`${request.name}-${++entered}`);
        return policyOf({ ...request, scratch }, settings, cpuSeconds);
      },
      launch(launch) {
        const policy = this.policy();
        return policy === null ? launch : { ...launch, args: confinedArguments(policy, launch.args) };
      },
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

function lacks(support: Support | string): string | null {
  if (typeof support === 'string') return `no sandbox can be had: ${support}`;
  if (support.landlock < 1) {
    return 'no sandbox can be had: this kernel has no Landlock, or was started without it (it belongs into the kernel parameter lsm=)';
  }
  if (!support.seccomp) return 'no sandbox can be had: this kernel cannot filter system calls (seccomp)';
  return null;
}

const known = new Map<string, Support | string>();

/** The sandbox for an environment. The kernel is asked once. */
export function openProcessSandbox(environment: string, settings: SandboxSettings): ProcessSandbox {
  let support = known.get(environment);
  if (support === undefined) {
    support = probeSupport(environment);
    if (typeof support !== 'string') known.set(environment, support);
  }
  return new ProcessSandbox(settings, support);
}
