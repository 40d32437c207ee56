import { Histogram } from '../flow/histogram.js';
import type { RuntimeStats } from '../node/state.js';
import { sinksOf, sourcesOf } from './completion.js';
import type { LiveGraph } from './live-graph.js';
import { totals } from './totals.js';

type Run = Pick<RuntimeStats, 'runtime_id' | 'name' | 'state' | 'uptime_secs'>;

/** The figures of a run at this moment, added up over its graph. */
export function runtimeStats(graph: LiveGraph, run: Run): RuntimeStats {
  const { retired, wiring } = graph;
  const nodes = Object.fromEntries(wiring.nodes.map((node) => [node.id, retired.statsOf(node)]));
  const sources = sourcesOf(wiring);
  const sinks = sinksOf(wiring);
  const latency = new Histogram();
  for (const sink of sinks) latency.merge(sink.latency);
  return {
    ...run,
    ...totals(
      nodes,
      sources.map((node) => node.id),
      sinks.map((node) => node.id),
      retired.removed,
    ),
    fps: Math.round(Math.max(0, ...sinks.map((sink) => sink.rate)) * 100) / 100,
    latency_ms: latency.summary(),
    nodes,
  };
}
