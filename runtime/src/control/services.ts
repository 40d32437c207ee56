import { silent } from '../base/log/logger.js';
import { readSettings } from '../base/settings/settings.js';
import { PythonChecker } from '../python/check/checker.js';
import { openPackageManager } from '../python/environment/open.js';
import { openProcessSandbox } from '../python/sandbox/sandbox.js';
import { confinedSpare } from '../python/sandbox/spare.js';
import { SparePool, sparesWanted } from '../python/spare/pool.js';
import type { Services } from './ports.js';

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
