import { StreamlibError } from '../../base/streamlib-error.js';
import type { NodePorts } from '../../graph/ports.js';
import { checkNodeIds } from '../../graph/resolve.js';
import type { NodeSpec } from '../../graph/spec.js';
import type { PreparedNode } from '../../node-types/node-type.js';
import { checkOverrides, type PrepareOptions, prepareNodes } from './nodes.js';

/** What one node needs to run, its links left aside. Throws everything that is wrong with it. */
export async function prepareNode(
  spec: NodeSpec,
  options: PrepareOptions,
): Promise<{ spec: NodeSpec; prepared: PreparedNode; declared: NodePorts | null }> {
  const [found] = await prepareNodes([spec], options);
  const prepared = found?.prepared ?? null;
  const issues = [
    ...checkNodeIds({ name: spec.id, nodes: [spec], connections: [] }),
    ...checkOverrides([spec.id], options.overrides),
    ...(found?.issues ?? []),
  ];
  const message = issues.map((issue) => issue.message).join('\n');
  if (prepared === null || issues.length > 0) {
    if (prepared?.failure instanceof StreamlibError)
      throw new StreamlibError(prepared.failure.code, message, { cause: prepared.failure });
    throw new StreamlibError('graph', message, { reason: issues.find(({ reason }) => reason)?.reason });
  }
  return { spec: found?.spec ?? spec, prepared, declared: prepared.ports };
}
