import { stringify } from 'yaml';
import type { GraphSpec } from '../graph/spec.js';
import type { CodeStore } from './code-store.js';

/** A graph as a manifest. Code that came as text becomes a file beside it, named after its node. */
export function manifestOf(
  graph: GraphSpec,
  code: Pick<CodeStore, 'has' | 'readComplete'>,
  shorten: (path: string) => string,
): { text: string; files: Map<string, string> } {
  const files = new Map<string, string>();
  const nodes = graph.nodes.map(({ id, node_type, params }) => {
    const shown: Record<string, unknown> = { ...params };
    for (const [key, value] of Object.entries(params)) {
      if (code.has(value)) {
        const name = `${id.replace(/-/g, '_')}.py`;
        files.set(name, code.readComplete(value));
        shown[key] = name;
      } else if (typeof value === 'string' && value.startsWith('/')) shown[key] = shorten(value);
    }
    return { id, node_type, ...(Object.keys(shown).length > 0 && { params: shown }) };
  });
  const text = stringify(
    {
      version: 'v1',
      metadata: { name: graph.name },
      nodes,
      ...(graph.connections.length > 0 && { connections: graph.connections }),
    },
    { lineWidth: 110 },
  );
  return { text, files };
}
