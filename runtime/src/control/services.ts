import { silent } from '../base/log/logger.js';
import { readSettings } from '../base/settings/settings.js';
import { PythonChecker } from '../python/check/checker.js';
import type { CodeChecker } from '../python/check/types.js';
import { openPackageManager } from '../python/environment/open.js';
import type { PackageManager } from '../python/environment/types.js';
import { openProcessSandbox } from '../python/sandbox/sandbox.js';
import { confinedSpare } from '../python/sandbox/spare.js';
import type { Sandbox } from '../python/sandbox/types.js';
import { SparePool, sparesWanted } from '../python/spare/pool.js';

/** What a control server is made with. Null: this runtime has none, and says so to whoever asks for it. */
export interface Services {
  readonly packages: PackageManager | null;
  readonly checker: CodeChecker | null;
  /** Asked when it matters: the machine is asked through an environment's interpreter, which may have to be made first. */
  readonly sandbox: (() => Promise<Sandbox>) | null;
  /** True: an agent's code runs where there is no sandbox; the configuration has to say so. */
  readonly allowUnconfined?: boolean;
}

/** What a runtime of this machine offers to those who control it. `folder`: where its manifest lies, with settings beside it. */
export async function openServices(folder?: string): Promise<Services> {
  const settings = readSettings(folder);
  const packages = openPackageManager(folder === undefined ? {} : { manifestFolder: folder });
  return {
    packages,
    checker: new PythonChecker({
      environment: () => packages.environment(),
      sandbox: (environment) => openProcessSandbox(environment, settings.sandbox),
      spares: sparesWanted(undefined) ? new SparePool(silent, undefined, confinedSpare) : null,
    }),
    // Asked through the environment, which is made for it on a machine that has none yet.
    sandbox: async () => openProcessSandbox(await packages.environment(), settings.sandbox),
    allowUnconfined: settings.sandbox.when_missing === 'run',
  };
}
