import type { SandboxSettings } from '../../base/settings/schema.js';
import type { Mechanism } from './mechanism.js';

/** What `streamlib._process.confine` is told; its names are the keys there. */
export interface Policy {
  readonly name: string;
  readonly mechanism: Mechanism;
  /** That does it, where one does: bubblewrap, sandbox-exec. */
  readonly program?: string;
  /** Seatbelt's rules. */
  readonly profile?: string;
  readonly environment: string;
  readonly code_dir: string;
  readonly scratch: string;
  readonly memory: number;
  readonly file_size: number;
  readonly descriptors: number;
  readonly threads: number;
  readonly cpus: number;
  /** Of processor time, after which the process ends; for runs that have an end. */
  readonly cpu_seconds?: number;
}

const MIB = 1024 * 1024;

export function policyOf(
  request: {
    readonly name: string;
    readonly environment: string;
    readonly codeDir: string;
    readonly scratch: string;
  },
  settings: SandboxSettings,
  by: { readonly mechanism: Mechanism; readonly program: string; readonly profile?: string },
  cpuSeconds?: number,
): Policy {
  return {
    name: request.name,
    mechanism: by.mechanism,
    ...(by.program !== '' && { program: by.program }),
    ...(by.profile !== undefined && { profile: by.profile }),
    environment: request.environment,
    code_dir: request.codeDir,
    scratch: request.scratch,
    memory: settings.memory_mb * MIB,
    // Pools of frames are files too. What the scratch folder holds is looked after apart.
    file_size: settings.memory_mb * MIB,
    descriptors: settings.descriptors,
    threads: settings.threads,
    cpus: settings.cpus,
    ...(cpuSeconds !== undefined && { cpu_seconds: Math.ceil(cpuSeconds) }),
  };
}

/**
 * Starts the confining program without `site`: neither a package's start-up hook nor a module in the working directory may run
 * before the confinement stands.
 */
const BOOT = [
  'import sys',
  "sys.path.append(sys.argv[1] + '/lib/python%d.%d/site-packages' % sys.version_info[:2])",
  'from streamlib._process import confine',
  'confine.run(sys.argv[2:])',
].join('; ');

/** The arguments with which an environment's interpreter runs `-m module …` confined. */
export function confinedArguments(policy: Policy, args: readonly string[]): string[] {
  return ['-I', '-S', '-c', BOOT, policy.environment, JSON.stringify(policy), ...args];
}

export function spareArguments(environment: string): string[] {
  return ['-I', '-S', '-c', BOOT, environment, '--spare'];
}

export function probeArguments(environment: string): string[] {
  return ['-I', '-S', '-c', BOOT, environment, '--probe'];
}

/** In one sentence, for `streamlib doctor` and for agents. */
export function describePolicy(settings: SandboxSettings): string {
  return (
    'no network; reads its own folder, the Python environment and the system libraries only; writes to a scratch folder of ' +
    `${settings.scratch_mb} MiB only; one process of at most ${settings.threads} threads, ${settings.memory_mb} MiB of memory, ` +
    `${settings.descriptors} descriptors and ${settings.cpus} processor${settings.cpus === 1 ? '' : 's'}; ` +
    `one call of its code may take ${settings.hang_timeout_s} s, its import and setup() ${settings.setup_timeout_s} s`
  );
}
