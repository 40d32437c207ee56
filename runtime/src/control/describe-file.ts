import { declaredIn } from '../node-types/python/inspect-file.js';
import { type DescribedPorts, describePorts } from './describe.js';

/** A processor that a Python file declares, in words. */
export interface InspectedFile {
  /** The name that the file gives it. */
  readonly name: string;
  /** Null: the node says, or `reactive`. */
  readonly execution: 'manual' | 'reactive' | 'continuous' | null;
  /** Its ports, their schemas in one line each. */
  readonly ports: DescribedPorts;
}

/**
 * The processors that a Python file declares. Installs what the file says that it needs, and imports it in a process of its own.
 *
 * @param file - The path of the file.
 * @param options - `onProgress` is called with each step that takes a while; `signal` gives up when it aborts.
 * @returns The processors; empty where the file declares none.
 * @throws `StreamlibError` where the installation or the import fails.
 */
export async function inspectPythonFile(
  file: string,
  options: Parameters<typeof declaredIn>[1],
): Promise<InspectedFile[]> {
  const found = await declaredIn(file, options);
  return found.map(({ name, execution, ports }) => ({ name, execution, ports: describePorts(ports) }));
}
