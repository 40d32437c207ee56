import { existsSync } from 'node:fs';
import { readSettings } from '../../base/settings/settings.js';
import { pythonOf } from '../environment/environment.js';
import { venvPath } from '../environment/locate.js';
import { openProcessSandbox } from './sandbox.js';

export interface SandboxState {
  readonly mechanism: string;
  readonly available: boolean;
  readonly detail: string;
}

/** For `streamlib doctor`: makes nothing, and asks the machine only if there is an interpreter to ask through. */
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
