// Results as a host process would report them.
import type { Cell, LoopResult, Peer, Report } from '../harness/types.js';

export const result = (more?: Partial<LoopResult>): LoopResult => ({
  messages: 1000,
  p50_us: 10,
  p99_us: 20,
  messages_per_s: 90_000,
  faults_per_message: 0,
  host_faults_per_message: 0,
  worker_faults_per_message: 0,
  placement: { samples: 20, together: 1, host: [0], worker: [0] },
  ...more,
});

export const cell = (peer: string, more?: Partial<Cell>): Cell => ({
  peer,
  pattern: 'one',
  bytes: 1024,
  pinning: 'free',
  repeats: [result()],
  error: null,
  ...more,
});

export const peer = (name: string, more?: Partial<Peer>): Peer => ({
  name,
  title: `the peer ${name}`,
  quick: true,
  four: true,
  needs: { python: [], npm: [], floor: false },
  unavailable: () => null,
  command: () => [process.execPath, '-e', ''],
  ...more,
});

export const report = (more?: Partial<Report>): Report => ({
  when: '2026-01-02T03:04:05.678Z',
  quick: false,
  machine: {
    cpus: 2,
    model: 'a <fast> processor',
    memory_gib: 8,
    kernel: '6.1',
    node: '20.0.0',
    python: '3.11.0',
    load_before: 0.1,
  },
  titles: { floor: 'raw floor: the bare thing', product: 'StreamLib: all of it', dora: 'dora, raw' },
  skipped: {},
  figures: [],
  goal: [],
  errors: [],
  scenarios: [],
  seconds: 1,
  ...more,
});
