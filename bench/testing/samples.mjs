// Results as a host process would report them.

/** @param {Partial<import('../harness/types.ts').LoopResult>} [more] @returns {import('../harness/types.ts').LoopResult} */
export const result = (more) => ({
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

/** @param {string} peer @param {Partial<import('../harness/types.ts').Cell>} [more] @returns {import('../harness/types.ts').Cell} */
export const cell = (peer, more) => ({
  peer,
  pattern: 'one',
  bytes: 1024,
  pinning: 'free',
  repeats: [result()],
  error: null,
  ...more,
});

/** @param {string} name @param {Partial<import('../harness/types.ts').Peer>} [more] @returns {import('../harness/types.ts').Peer} */
export const peer = (name, more) => ({
  name,
  title: `the peer ${name}`,
  quick: true,
  four: true,
  needs: { python: [], npm: [], floor: false },
  unavailable: () => null,
  command: () => [process.execPath, '-e', ''],
  ...more,
});

/** @param {Partial<import('../harness/types.ts').Report>} [more] @returns {import('../harness/types.ts').Report} */
export const report = (more) => ({
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
