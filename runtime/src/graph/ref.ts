/** One port of one node; written as `node.port`. */
export interface PortRef {
  readonly node: string;
  readonly port: string;
}

/** `node.port` in its two halves; the port is empty where it was left out. Ids of nodes have no dot. */
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
