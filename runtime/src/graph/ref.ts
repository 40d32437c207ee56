/** One port of one node; written as `node.port`. */
export interface PortRef {
  /** Id of the node; it has no dot. */
  readonly node: string;
  /** Name of the port; empty where it was left out. */
  readonly port: string;
}

/**
 * `node.port` in its two halves.
 *
 * @param end - A port as a manifest writes it, or the id of a node alone.
 * @returns The node and the port; the port is empty where it was left out.
 */
export function refOf(end: string): PortRef {
  const dot = end.indexOf('.');
  return dot < 0 ? { node: end, port: '' } : { node: end.slice(0, dot), port: end.slice(dot + 1) };
}

export function nameOf(ref: PortRef): string {
  return `${ref.node}.${ref.port}`;
}

export function sameRef(a: PortRef, b: PortRef): boolean {
  return a.node === b.node && a.port === b.port;
}
