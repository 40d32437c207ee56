import { headline } from '../base/headline.js';
import type { NodeStats } from '../node/state.js';

/** An end of the graph at which nothing came out, and the node that was in the way. */
export interface NoOutput {
  /** The id of the node at that end. */
  readonly node: string;
  /** One sentence: which end, and why. */
  readonly message: string;
  /** True: something failed on the way, or no end of the graph got anything. False: there may have been no frame for this one. */
  readonly failed: boolean;
}

type Upstream = ReadonlyMap<string, ReadonlySet<string>>;
type Nodes = Readonly<Record<string, NodeStats>>;

/**
 * The ends of a graph at which nothing came out. A frame that was lost with its process, or at which `process` raised an exception,
 * did not come out. A node without connections is an end only if something went wrong with it.
 */
export function noOutput(nodes: Nodes, upstream: Upstream): NoOutput[] {
  const feeding = new Set([...upstream.values()].flatMap((ids) => [...ids]));
  const ends = Object.keys(nodes).filter((id) => !feeding.has(id));
  const found = ends.flatMap((id) => {
    const stats = nodes[id];
    if (stats === undefined) return [];
    const alone = feedersOf(id, upstream).length === 0;
    if (alone ? stats.frames_out > 0 || !isFaulty(stats) : completed(stats) > 0) return [];
    const cause = alone ? id : causeOf(id, nodes, upstream);
    const because = nodes[cause] ?? stats;
    return [
      {
        node: id,
        message: `nothing came out at ${id}: ${explain(cause, because, cause === id)}`,
        failed: isFaulty(because),
      },
    ];
  });
  const all = ends.length > 0 && found.length === ends.length;
  return found.map((each) => ({ ...each, failed: each.failed || all }));
}

/** Frames that a node was given and has neither lost nor failed at. */
function completed({ frames_in, dropped_by, failed_calls }: NodeStats): number {
  return frames_in - (dropped_by.lost ?? 0) - failed_calls;
}

function isFaulty({ failure, restarts, errors }: NodeStats): boolean {
  return failure !== null || restarts > 0 || errors > 0;
}

function feedersOf(id: string, upstream: Upstream): string[] {
  return [...(upstream.get(id) ?? [])];
}

/** Goes against the stream to the node that got something and gave nothing, or that never ran. */
function causeOf(end: string, nodes: Nodes, upstream: Upstream): string {
  const seen = new Set<string>();
  let at = end;
  for (;;) {
    seen.add(at);
    const stats = nodes[at];
    if (stats === undefined || isFaulty(stats)) return at;
    const silent = feedersOf(at, upstream).filter((id) => !seen.has(id) && nodes[id]?.frames_out === 0);
    const [first] = silent;
    const next = silent.find((id) => nodes[id] !== undefined && isFaulty(nodes[id])) ?? first;
    if (next === undefined) return at;
    at = next;
  }
}

function explain(id: string, stats: NodeStats, isEnd: boolean): string {
  const { failure, restarts, failed_calls: raised, frames_in: taken } = stats;
  const why = stats.last_error === null ? '' : `: ${stats.last_error}`;
  if (failure !== null) return `${id} failed: ${headline(failure)}`;
  if (raised > 0 && completed(stats) <= 0)
    return `${id} raised an exception at ${taken > 1 ? 'each of its frames' : 'its only frame'} (${raised})${why}`;
  if (restarts > 0)
    return `the process of ${id} ended again and again (${restarts} ${restarts === 1 ? 'restart' : 'restarts'})${why}`;
  if (stats.errors > 0) return `${id} had ${stats.errors} ${stats.errors === 1 ? 'error' : 'errors'}${why}`;
  if (isEnd && taken === 0)
    return stats.dropped === 0
      ? 'no frame was sent to it'
      : `all ${stats.dropped} frames for it were dropped (${reasonsOf(stats.dropped_by)})`;
  if (taken > 0) return `${id} took ${taken} ${taken === 1 ? 'frame' : 'frames'} and sent none`;
  return stats.dropped === 0
    ? `${id} sent no frame`
    : `${id} took none of the ${stats.dropped} frames that were sent to it (${reasonsOf(stats.dropped_by)})`;
}

/** The commonest reasons first. */
function reasonsOf(by: Readonly<Record<string, number>>): string {
  const counted = Object.entries(by).filter(([, count]) => count > 0);
  return counted
    .sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${reason} ${count}`)
    .join(', ');
}
