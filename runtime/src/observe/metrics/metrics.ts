import type { Histogram } from '../../flow/histogram.js';
import type { NodeStats, RuntimeStats } from '../../node/state.js';
import type { Metric, Sample } from './exposition.js';
import type { ProcessUse } from './process-use.js';

/** The ages of the frames that an input took. */
export interface Latency {
  readonly node: string;
  readonly port: string;
  readonly ages: Histogram;
}

/** All that is known of a runtime at one moment. */
export interface Snapshot {
  readonly stats: RuntimeStats;
  readonly latencies: readonly Latency[];
  /** By pid, of the subprocesses; and of the runtime itself. */
  readonly processes: ReadonlyMap<number, ProcessUse>;
  readonly pid: number;
  /** Slots of shared memory that are held: by frames that wait, are worked on, or were lent. */
  readonly leases: number;
  readonly descriptors: number;
}

/** In seconds: a frame at 60 fps is 0.017 old when the next comes. */
const bounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5,
] as const;

const states = ['created', 'starting', 'running', 'waiting', 'finished', 'stopped', 'failed'] as const;

/** What is told of a runtime, by the names of Prometheus: base units, counters that end in `_total`. */
export function metricsOf(snapshot: Snapshot): Metric[] {
  const { stats } = snapshot;
  const nodes = Object.entries(stats.nodes);
  const perNode = (value: (node: NodeStats) => number): Sample[] =>
    nodes.map(([node, figures]) => ({ labels: { node, type: figures.type }, value: value(figures) }));
  return [
    gauge('streamlib_runtime_info', 'Which runtime this is', [
      { labels: { runtime_id: stats.runtime_id, name: stats.name, state: stats.state }, value: 1 },
    ]),
    gauge('streamlib_uptime_seconds', 'Since the runtime was started', [
      { labels: {}, value: stats.uptime_secs },
    ]),
    counter('streamlib_frames_in_total', 'Frames that a port took in', ports(nodes, 'inputs')),
    counter('streamlib_frames_out_total', 'Frames that a port sent', ports(nodes, 'outputs')),
    counter('streamlib_frames_dropped_total', 'Frames that were dropped at a port, by reason', drops(nodes)),
    gauge('streamlib_queue_frames', 'Frames that wait at an input, or are with its process', waiting(nodes)),
    histogram('streamlib_frame_age_seconds', 'Age of a frame when an input took it', snapshot),
    summary('streamlib_frame_age_quantile_seconds', 'The same since the start, to within 9 %', snapshot),
    counter(
      'streamlib_node_errors_total',
      'Errors of a node',
      perNode((node) => node.errors),
    ),
    counter(
      'streamlib_node_restarts_total',
      'Restarts of a subprocess',
      perNode((node) => node.restarts),
    ),
    gauge(
      'streamlib_node_state',
      'The state of a node: 1 for the one that it is in',
      nodes.flatMap(([node, { state }]) =>
        [...new Set([...states, state])].map((each) => ({
          labels: { node, state: each },
          value: each === state ? 1 : 0,
        })),
      ),
    ),
    gauge('streamlib_node_metric', 'What a processor reports of itself', reported(nodes)),
    gauge('streamlib_leases', 'Slots of shared memory that are held', [
      { labels: {}, value: snapshot.leases },
    ]),
    gauge('streamlib_process_leases', "Slots of the runtime's memory that a subprocess holds", held(nodes)),
    gauge('streamlib_descriptors', 'Open descriptors of the bridge', [
      { labels: {}, value: snapshot.descriptors },
    ]),
    counter(
      'streamlib_process_cpu_seconds_total',
      'CPU time of the runtime and its subprocesses',
      used(snapshot, 'cpuSeconds'),
    ),
    gauge(
      'streamlib_process_resident_bytes',
      'Their memory, shared frames included',
      used(snapshot, 'residentBytes'),
    ),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'counter', samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Metric {
  return { name, help, type: 'gauge', samples };
}

type Nodes = readonly (readonly [string, NodeStats])[];

function ports(nodes: Nodes, side: 'inputs' | 'outputs'): Sample[] {
  return nodes.flatMap(([node, stats]) =>
    Object.entries(stats[side]).map(([port, { frames }]) => ({ labels: { node, port }, value: frames })),
  );
}

function drops(nodes: Nodes): Sample[] {
  return nodes.flatMap(([node, stats]) =>
    [...Object.entries(stats.inputs), ...Object.entries(stats.outputs)].flatMap(([port, figures]) =>
      Object.entries(figures.dropped_by).map(([reason, value]) => ({
        labels: { node, port, reason },
        value,
      })),
    ),
  );
}

function waiting(nodes: Nodes): Sample[] {
  return nodes.flatMap(([node, stats]) =>
    Object.entries(stats.inputs).map(([port, figures]) => ({
      labels: { node, port },
      value: figures.waiting,
    })),
  );
}

/** A label `quantile` is for summaries only, and a summary has a sum and a count of each of its series. */
function summary(name: string, help: string, { stats, latencies }: Snapshot): Metric {
  const samples = latencies.flatMap(({ node, port, ages }): Sample[] => {
    const latency = stats.nodes[node]?.inputs[port]?.latency_ms ?? null;
    if (latency === null) return [];
    const quantiles = { '0.5': latency.p50, '0.95': latency.p95, '0.99': latency.p99 };
    return [
      ...Object.entries(quantiles).map(([quantile, ms]) => ({
        labels: { node, port, quantile },
        value: ms / 1000,
      })),
      { labels: { node, port }, value: ages.sumNs / 1e9, suffix: '_sum' },
      { labels: { node, port }, value: ages.count, suffix: '_count' },
    ];
  });
  return { name, help, type: 'summary', samples };
}

function held(nodes: Nodes): Sample[] {
  return nodes.flatMap(([node, { leases, pid }]) =>
    leases === null ? [] : [{ labels: { node, pid: String(pid) }, value: leases }],
  );
}

function reported(nodes: Nodes): Sample[] {
  return nodes.flatMap(([node, { metrics }]) =>
    Object.entries(metrics).map(([name, value]) => ({ labels: { node, name }, value })),
  );
}

function histogram(name: string, help: string, { latencies }: Snapshot): Metric {
  const samples = latencies.flatMap(({ node, port, ages }) => {
    const { count } = ages;
    const buckets = bounds.map((bound) => ({
      labels: { node, port, le: String(bound) },
      value: ages.countUpTo(bound * 1e9),
      suffix: '_bucket',
    }));
    return [
      ...buckets,
      { labels: { node, port, le: '+Inf' }, value: count, suffix: '_bucket' },
      { labels: { node, port }, value: ages.sumNs / 1e9, suffix: '_sum' },
      { labels: { node, port }, value: count, suffix: '_count' },
    ];
  });
  return { name, help, type: 'histogram', samples };
}

function used({ stats, processes, pid }: Snapshot, what: keyof ProcessUse): Sample[] {
  const named: [string, number | null][] = [
    ['', pid],
    ...Object.entries(stats.nodes).map(([node, figures]): [string, number | null] => [node, figures.pid]),
  ];
  return named.flatMap(([node, of]) => {
    const use = of === null ? undefined : processes.get(of);
    return use === undefined ? [] : [{ labels: { node, pid: String(of) }, value: use[what] }];
  });
}
