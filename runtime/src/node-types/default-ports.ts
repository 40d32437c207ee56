import type { NodePorts } from '../graph/ports.js';
import type { NodeType } from './node-type.js';

/** The ports of a type with all parameters at their defaults; null where they cannot be known. Runs no more than its `ports()`. */
export function defaultPorts(type: NodeType): NodePorts | null {
  const parsed = type.config.safeParse({});
  try {
    return type.ports(parsed.success ? parsed.data : undefined);
  } catch {
    return null;
  }
}
