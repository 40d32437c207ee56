import { toError } from '../../base/streamlib-error.js';
import { type NodePorts, portsOf } from '../../graph/ports.js';
import type { PythonKind as Execution } from '../../processor/kind.js';
import { ensureEnvironment } from '../../python/environment/environment.js';
import { pythonParams } from '../../python/host/params.js';
import { inspectPython } from '../../python/inspect/inspect.js';
import type { PrepareContext } from '../node-type.js';
import { needsOf } from './needs.js';

export interface DeclaredInFile {
  readonly name: string;
  readonly execution: Execution | null;
  readonly ports: NodePorts;
}

/** What a Python file declares; what it needs is installed for it, as for a graph. Imports the file in a process of its own. */
export async function declaredIn(
  file: string,
  { onProgress, signal }: Pick<PrepareContext, 'onProgress' | 'signal'>,
): Promise<DeclaredInFile[]> {
  const needs = needsOf(file, pythonParams.parse({ file }), false);
  const environment = await ensureEnvironment([needs], { onProgress, ...(signal && { signal }) });
  const lacking = environment.failures.get(0);
  if (lacking !== undefined) throw toError(lacking);
  const found = await inspectPython({ file }, environment, signal);
  return found.map(({ name, kind, inputs, outputs }) => ({
    name,
    execution: kind,
    ports: portsOf(inputs, outputs, true),
  }));
}
