import { z } from 'zod';

export const STRATEGIES = ['AllowList', 'AutoApprove', 'RequireApproval', 'DenyAll'] as const;

const MECHANISMS = ['auto', 'landlock', 'bubblewrap', 'seatbelt'] as const;

const MIB = 'a number of MiB';

const packages = z.strictObject({
  /** Who decides about a package that code from outside asks for. */
  strategy: z
    .enum(STRATEGIES, `expected ${STRATEGIES.slice(0, -1).join(', ')} or ${STRATEGIES.at(-1)}`)
    .optional(),
  /** Requirements that AllowList grants: `numpy`, `opencv-python-headless>=4.10`. */
  allow: z.array(z.string().min(1)).optional(),
  /** Names that are denied whatever the strategy. */
  deny: z.array(z.string().min(1)).optional(),
  /** Building from source runs the package's own code, with this user's rights. */
  builds: z.boolean().optional(),
  /** What an installation may add. */
  max_install_mb: z.number(`expected ${MIB}`).positive().optional(),
  /** What must stay free on the disk. */
  keep_free_mb: z.number(`expected ${MIB}`).nonnegative().optional(),
  /** Only what has been fetched before. */
  offline: z.boolean().optional(),
  /** Folders with wheels, looked at besides the index. */
  find_links: z.array(z.string().min(1)).optional(),
  /** False: only `find_links`. */
  index: z.boolean().optional(),
});

const sandbox = z.strictObject({
  /** What happens to code from outside where no sandbox can be had. */
  when_missing: z.enum(['refuse', 'run'], 'expected refuse or run').optional(),
  /** Which sandbox: the first that can be had, or this one. */
  mechanism: z
    .enum(MECHANISMS, `expected ${MECHANISMS.slice(0, -1).join(', ')} or ${MECHANISMS.at(-1)}`)
    .optional(),
  memory_mb: z.number(`expected ${MIB}`).min(64).optional(),
  /** What its scratch folder may hold. */
  scratch_mb: z.number(`expected ${MIB}`).nonnegative().optional(),
  descriptors: z.number().int().min(32).optional(),
  threads: z.number().int().min(4).optional(),
  /** How many of the machine's processors it may use; all but one if left out. */
  cpus: z.number().int().min(1).optional(),
  /** For the file's import and its setup(). */
  setup_timeout_s: z.number().positive().optional(),
  /** For one call of its code. */
  hang_timeout_s: z.number().positive().optional(),
});

const python = z.strictObject({
  /** How many Python processes wait, for each environment, for a node that starts. */
  spare_processes: z.number('expected a whole number from 0 to 64').int().min(0).max(64).optional(),
});

export const settingsSchema = z.strictObject({
  packages: packages.optional(),
  python: python.optional(),
  sandbox: sandbox.optional(),
});
export type WrittenSettings = z.infer<typeof settingsSchema>;

export type PackageSettings = {
  readonly [K in keyof Required<z.infer<typeof packages>>]: NonNullable<z.infer<typeof packages>[K]>;
};
export type SandboxSettings = {
  readonly [K in keyof Required<z.infer<typeof sandbox>>]: NonNullable<z.infer<typeof sandbox>[K]>;
};
export interface Settings {
  readonly packages: PackageSettings;
  readonly python: { readonly spare_processes: number };
  readonly sandbox: SandboxSettings;
}
