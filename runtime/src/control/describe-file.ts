import { declaredIn } from '../node-types/python/inspect-file.js';
import { type DescribedPorts, describePorts } from './describe.js';

/** A processor that a Python file declares, in words. */
export interface InspectedFile {
  readonly name: string;
  /** Null: the node says, or `reactive`. */
  readonly execution: 'manual' | 'reactive' | 'continuous' | null;
  readonly ports: DescribedPorts;
}

/**
 * The processors that a Python file declares. Installs what the file says that it needs, and imports it in a process of its own.
 * Rejects with a `StreamlibError` where that fails.
 */
export async function inspectPythonFile(
  file: string,
  options: Parameters<typeof declaredIn>[1],
): Promise<InspectedFile[]> {
  const found = await declaredIn(file, options);
  return found.map(({ name, execution, ports }) => ({ name, execution, ports: describePorts(ports) }));
}
