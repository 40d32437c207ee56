import { StreamlibError } from '../base/streamlib-error.js';
import type { NodePorts } from '../graph/ports.js';
import type { NodeSpec } from '../graph/spec.js';
import { type PreparedNode, type PrepareOptions, prepareGraph } from './prepare.js';

/** What one node needs to run, its links left aside. Throws everything that is wrong with it. */
export async function prepareNode(
  spec: NodeSpec,
  options: PrepareOptions,
): Promise<{ spec: NodeSpec; prepared: PreparedNode; declared: NodePorts | null }> {
  const found = await prepareGraph({ name: spec.id, nodes: [spec], connections: [] }, options);
  const [prepared] = found.nodes;
  const wrong = found.issues.map(({ message }) => message).join('\n');
  if (prepared === undefined || wrong !== '')
    throw prepared?.kind === 'failed' && prepared.error instanceof StreamlibError
      ? new StreamlibError(prepared.error.code, wrong, { cause: prepared.error })
      : new StreamlibError('graph', wrong);
  const params = found.params.get(spec.id) ?? spec.params;
  return { spec: { ...spec, params }, prepared, declared: found.declared.get(spec.id) ?? null };
}
