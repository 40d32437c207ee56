import { existsSync } from 'node:fs';
import { readSettings } from '../../base/settings/settings.js';
import { pythonOf, venvPath } from '../environment/locate.js';
import { openProcessSandbox } from './sandbox.js';

/** What confines code from outside on this machine, for `streamlib doctor`. */
export interface SandboxState {
  /** `landlock+seccomp`, `bubblewrap+seccomp`, `seatbelt`, or `none`. */
  readonly mechanism: string;
  /** False if there is none. */
  readonly available: boolean;
  /** What is forbidden and limited; where there is none, why, and what to do. */
  readonly detail: string;
}

/**
 * For `streamlib doctor`: makes nothing, and asks the machine only if there is an interpreter to ask through.
 *
 * @param manifestFolder - The folder of a manifest, with settings beside it; none by default.
 */
export async function describeSandbox(manifestFolder?: string): Promise<SandboxState> {
  const environment = venvPath();
  if (!existsSync(pythonOf(environment))) {
    return {
      mechanism: 'none',
      available: false,
      detail: 'it is looked for through the Python environment, which the first graph with Python makes',
    };
  }
  const { mechanism, available, detail } = await openProcessSandbox(
    environment,
    readSettings(manifestFolder).sandbox,
  );
  return { mechanism, available, detail };
}
