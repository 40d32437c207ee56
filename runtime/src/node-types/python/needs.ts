import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { type Needs, requirementsNeeds, scriptNeeds } from '../../python/environment/needs.js';
import type { PythonParams } from '../../python/host/params.js';

/** Which packages the code of a node needs. Throws a `python_environment` error where that cannot be read. */
export function needsOf(id: string, params: PythonParams, installed: boolean): Needs {
  const none = { requirements: [], requiresPython: null, source: basename(params.file) };
  // What code from outside needs is asked for and decided on (see `environment/`), not installed because a file says so; what a
  // distribution needs came with it.
  if (params.sandbox || installed) return none;
  if (Array.isArray(params.requirements)) {
    return { requirements: params.requirements, requiresPython: null, source: `node "${id}"` };
  }
  if (params.requirements !== undefined) return requirementsFile(params.requirements);
  const fromScript = scriptNeeds(readFileSync(params.file, 'utf8'), basename(params.file));
  if (fromScript !== null) return fromScript;
  const beside = join(dirname(params.file), 'requirements.txt');
  return existsSync(beside) ? requirementsFile(beside) : none;
}

function requirementsFile(path: string): Needs {
  try {
    return requirementsNeeds(readFileSync(path, 'utf8'), basename(path));
  } catch (cause) {
    if (cause instanceof StreamlibError) throw cause;
    throw new StreamlibError('python_environment', `${path} could not be read: ${toError(cause).message}`, {
      cause,
    });
  }
}
