// The words that the parts of the benchmark share. Types only: nothing of this file runs.

/** How many frames are under way at once, or `paced`: 1080p at 60 frames a second. */
export type Pattern = 'one' | 'four' | 'paced';

/** Where the two processes may run: as the kernel likes, both on CPU 0, or one on CPU 0 and one on CPU 1. */
export type Pinning = 'free' | 'together' | 'apart';

/** What a peer needs before it can be measured. */
export interface Needs {
  /** Requirements for pip, installed into the environment of the benchmark. */
  python: readonly string[];
  /** Packages of `bench/package.json`. */
  npm: readonly string[];
  /** Whether the Rust addon of the raw floor is needed. */
  floor: boolean;
}

export interface Places {
  python: string;
  floorAddon: string;
}

/** `peers/<name>/peer.ts` exports one of these as its default. */
export interface Peer {
  name: string;
  title: string;
  /** Included in `--quick`. */
  quick: boolean;
  /** Measured with four frames in flight, too. */
  four: boolean;
  needs: Needs;
  /** Why this peer cannot run here, or null. Called before anything is installed. */
  unavailable(): string | null;
  /** The program that becomes the host process. It connects to the socket in BENCH_CONTROL (`serve` does so). */
  command(places: Places): readonly string[];
  /** More environment for the host process. */
  environment?(places: Places): Record<string, string>;
  /** How long it may take until the host process answers, where 20 s are not enough. */
  startMs?: number;
}

export interface Worker {
  label: string;
  pid: number;
  /** Only the process that does the Python work counts for page faults and placement; daemons count for CPU time. */
  main: boolean;
}

/**
 * What a Node host implements once for each cell. `send` writes `value` into one byte of each page of a frame and
 * hands it over; for each reply, in order, the adapter calls `onReply` with the sum of one byte of each page.
 */
export interface Transport {
  send(value: number): void;
  onReply: (sum: number) => void;
  readonly workers: readonly Worker[];
  close(): Promise<void> | void;
}

export interface Opening {
  bytes: number;
  /** Frames in flight at most: 1 or 4. */
  depth: number;
}

export interface Adapter {
  open(opening: Opening): Promise<Transport> | Transport;
  /** Before the host process ends. */
  dispose?(): Promise<void> | void;
}

export interface LoopOrder {
  bytes: number;
  depth: number;
  /** How long one turn of the warm-up takes, and all of them at most. */
  warmMs: number;
  warmMostMs: number;
  measureMs: number;
  /** Even when the time is over: a slow peer has to show something. */
  atLeast: number;
}

export interface PaceOrder {
  bytes: number;
  fps: number;
  /** Before the paced frames, so many milliseconds without a pause. */
  hotMs: number;
  warmFrames: number;
  frames: number;
}

/** Where the two processes were seen, sampled about twenty times in a cell. */
export interface Sightings {
  samples: number;
  /** Share of samples in which both were last on the same CPU. */
  together: number;
  host: number[];
  worker: number[];
}

export interface LoopResult {
  messages: number;
  p50_us: number;
  p99_us: number;
  messages_per_s: number;
  faults_per_message: number;
  host_faults_per_message: number;
  worker_faults_per_message: number;
  placement: Sightings;
}

export interface PaceResult extends LoopResult {
  cpu_us_per_frame: number;
  cpu_split_us: Record<string, number>;
  late: number;
}

/** One (peer, pattern, size, pinning) with what its repeats gave. */
export interface Cell {
  peer: string;
  pattern: Pattern;
  bytes: number;
  pinning: Pinning;
  repeats: (LoopResult | PaceResult)[];
  error: string | null;
}

/** A cell reduced to the medians over its repeats. */
export interface Figures {
  peer: string;
  pattern: Pattern;
  bytes: number;
  pinning: Pinning;
  repeats: number;
  messages: number;
  p50_us: number;
  p99_us: number;
  messages_per_s: number;
  faults_per_message: number;
  host_faults_per_message: number;
  worker_faults_per_message: number;
  together: number;
  placement: string;
  cpu_us_per_frame: number | null;
  cpu_split_us: Record<string, number> | null;
  spread: number;
}

export interface Plan {
  peers: readonly Peer[];
  sizes: readonly number[];
  patterns: readonly Pattern[];
  pinnings: readonly Pinning[];
  repeats: number;
  warmMostMs: number;
  warmMs: number;
  measureMs: number;
  pace: {
    repeats: number;
    frames: number;
    warmFrames: number;
    hotMs: number;
    peers: readonly string[] | null;
  };
  scenarios: boolean;
  /** `performance.now()` at which measuring has to be over; Infinity where there is time. */
  deadline: number;
}

/** A file of `scenarios/`: figures other than the echo. */
export interface Scenario {
  name: string;
  title: string;
  /** `awaits`: why it could not be measured, or null. */
  run(): Promise<{ figures: ScenarioFigure[]; awaits: string | null }>;
}

export interface ScenarioFigure {
  name: string;
  value: number;
  unit: string;
  note?: string;
}

/** One requirement of the goal. */
export interface GoalLine {
  what: string;
  value: number;
  limit: number;
  unit: string;
  goal: string;
  met: boolean;
}

export interface Machine {
  cpus: number;
  model: string;
  memory_gib: number;
  kernel: string;
  node: string;
  python: string;
  load_before: number;
}

export interface Report {
  when: string;
  quick: boolean;
  machine: Machine;
  titles: Record<string, string>;
  skipped: Record<string, string>;
  figures: Figures[];
  goal: GoalLine[];
  errors: { peer: string; pattern: Pattern; bytes: number; error: string }[];
  scenarios: { name: string; title: string; figures: ScenarioFigure[]; awaits: string | null }[];
  seconds: number;
}

/** What goes over the control socket, one JSON object a line. */
export type Command =
  | { op: 'open'; bytes: number; depth: number }
  | ({ op: 'loop' } & LoopOrder)
  | ({ op: 'pace' } & PaceOrder)
  | { op: 'close' }
  | { op: 'exit' };
