import { readSettings } from '../base/settings/settings.js';
import { Host, type HostLease } from '../engine/host.js';
import { PythonChecker } from '../python/check/checker.js';
import type { CodeChecker } from '../python/check/types.js';
import { openPackageManager } from '../python/environment/open.js';
import type { PackageManager } from '../python/environment/types.js';
import { openProcessSandbox } from '../python/sandbox/sandbox.js';
import type { Sandbox } from '../python/sandbox/types.js';

/** What a control server is made with. Null: this runtime has none, and says so to whoever asks for it. */
export interface Services {
  /** Installs packages, and asks people for them. */
  readonly packages: PackageManager | null;
  /** Checks code before it runs. */
  readonly checker: CodeChecker | null;
  /** Asked when it matters: the machine is asked through an environment's interpreter, which may have to be made first. */
  readonly sandbox: (() => Promise<Sandbox>) | null;
  /** True: an agent's code runs where there is no sandbox; the configuration has to say so. */
  readonly allowUnconfined?: boolean;
}

/**
 * What a runtime of this machine offers to those who control it. `folder`: where its manifest lies, with settings beside it.
 *
 * @param folder - The folder of the manifest; without one, only the settings of the state directory count.
 */
export async function openServices(folder?: string): Promise<Services> {
  const settings = readSettings(folder);
  // Only where code is checked: what is used keeps the host, and its spare processes, open.
  let used: HostLease | null = null;
  const spares = () => {
    used ??= Host.use(undefined, { use: 'check', log: null, wishes: {}, settingsFolder: folder });
    return used.spares;
  };
  const packages = openPackageManager(folder === undefined ? {} : { manifestFolder: folder });
  return {
    packages,
    checker: new PythonChecker({
      environment: () => packages.environment(),
      sandbox: (environment) => openProcessSandbox(environment, settings.sandbox),
      spares: {
        warm: (python, kind) => spares()?.warm(python, kind),
        take: (job, file) => spares()?.take(job, file) ?? null,
      },
      close: async () => {
        const before = used;
        used = null;
        await before?.close();
      },
    }),
    // Asked through the environment, which is made for it on a machine that has none yet.
    sandbox: async () => openProcessSandbox(await packages.environment(), settings.sandbox),
    allowUnconfined: settings.sandbox.when_missing === 'run',
  };
}
