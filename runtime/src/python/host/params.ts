import { filePath } from '@streamlib/processor';
import { z } from 'zod';
import { DEFAULT_POLICY, type SupervisorPolicy } from '../../process/machine.js';
import type { Confinement } from '../sandbox/sandbox.js';
import { type BridgeLimits, DEFAULT_LIMITS } from './types.js';

const policyName = z.enum(['never', 'on-failure', 'always'], 'expected never, on-failure or always');
const seconds = z.number().min(0);

/** The parameters of a node of type `python`. */
export const pythonParams = z.object({
  file: filePath(),
  kind: z.enum(['manual', 'reactive', 'continuous'], 'expected manual, reactive or continuous').optional(),
  /** Which of the file's processors, where it has several. */
  processor: z.string().min(1).optional(),
  /** What the code finds as `ctx.config`. */
  config: z.record(z.string(), z.unknown()).default({}),
  restart: policyName.default('on-failure'),
  max_restarts: z.number().int().min(0).default(DEFAULT_POLICY.maxRestarts),
  /** The time in which `max_restarts` count. */
  restart_window_s: seconds.default(DEFAULT_POLICY.windowMs / 1000),
  backoff_s: seconds.default(DEFAULT_POLICY.backoffMs / 1000),
  backoff_cap_s: seconds.default(DEFAULT_POLICY.backoffCapMs / 1000),
  /** How long one call of the code may take before it counts as hanging; 0 for as long as it likes. */
  hang_timeout_s: seconds.default(DEFAULT_LIMITS.busyKillMs / 1000),
  /** How long the process may be silent before it counts as dead. */
  heartbeat_timeout_s: z
    .number()
    .min(1.5)
    .default(DEFAULT_LIMITS.silenceKillMs / 1000),
  /** How long it may take to stop when asked, before it is terminated. */
  stop_timeout_s: seconds.default(DEFAULT_POLICY.stopGraceMs / 1000),
  /** Packages that the code needs, or the file that lists them; otherwise its script block, or requirements.txt beside it. */
  requirements: z
    .union([z.array(z.string().min(1)), filePath()], 'expected a list of packages or the name of a file')
    .optional(),
  /** Runs it confined: no network, no files but its own, limits. For code that somebody else wrote. */
  sandbox: z.boolean().default(false),
});
export type PythonParams = z.infer<typeof pythonParams>;

export function policyOf(params: PythonParams): SupervisorPolicy {
  return {
    ...DEFAULT_POLICY,
    restart: params.restart,
    maxRestarts: params.max_restarts,
    windowMs: params.restart_window_s * 1000,
    backoffMs: params.backoff_s * 1000,
    backoffCapMs: Math.max(params.backoff_s, params.backoff_cap_s) * 1000,
    stopGraceMs: params.stop_timeout_s * 1000,
  };
}

export function limitsOf(params: PythonParams, confinement?: Confinement): BridgeLimits {
  const kill = params.heartbeat_timeout_s * 1000;
  const hang = Math.min(
    params.hang_timeout_s || Number.POSITIVE_INFINITY,
    confinement?.hangTimeoutS ?? Number.POSITIVE_INFINITY,
  );
  return {
    ...DEFAULT_LIMITS,
    silenceKillMs: kill,
    silenceWarnMs: Math.min(DEFAULT_LIMITS.silenceWarnMs, kill * 0.75),
    busyKillMs: Number.isFinite(hang) ? hang * 1000 : 0,
    busyWarnMs: Math.min(DEFAULT_LIMITS.busyWarnMs, hang * 500),
    setupMs: (confinement?.setupTimeoutS ?? 0) * 1000,
  };
}
