/** Where in a connection's life a fault strikes. The first four are steps of the handshake. */
export const stages = ['allocated', 'client_alive', 'endpoint_received', 'ready', 'flow'] as const;
export type Stage = (typeof stages)[number];
export type Target = 'client' | 'runtime' | 'broker';

export interface Cell {
  readonly fault: 'kill' | 'stop' | 'descriptors' | 'garbage' | 'fixture';
  readonly targets: readonly Target[];
  readonly stage: Stage;
  /** Of test/fixtures/misbehaves.py; else the file that behaves. */
  readonly fixture?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** What must come of it. */
  readonly outcome: 'flows_again' | 'flows_on' | 'gone' | 'stops';
  /** The fixture gives up a frame itself. */
  readonly lossy?: true;
  /** Part of each run of the tests; the others are run by `npm run faults`. */
  readonly quick?: true;
}

const handshake = stages.slice(0, 4);

const killed: Cell[] = stages.flatMap((stage): Cell[] => [
  {
    fault: 'kill',
    targets: ['client'],
    stage,
    outcome: 'flows_again',
    ...(stage === 'client_alive' && { quick: true }),
  },
  {
    fault: 'kill',
    targets: ['broker'],
    stage,
    outcome: 'flows_on',
    ...(stage === 'endpoint_received' && { quick: true }),
  },
  { fault: 'kill', targets: ['runtime'], stage, outcome: 'gone', ...(stage === 'ready' && { quick: true }) },
  {
    fault: 'kill',
    targets: ['client', 'broker'],
    stage,
    outcome: 'flows_again',
    ...(stage === 'flow' && { quick: true }),
  },
  { fault: 'kill', targets: ['runtime', 'broker'], stage, outcome: 'gone' },
  { fault: 'kill', targets: ['client', 'runtime'], stage, outcome: 'gone' },
]);

/** For a second, which is less than anybody's patience: nothing is lost, nobody is restarted. */
const stopped: Cell[] = [...handshake, 'flow' as const].flatMap((stage) =>
  (['client', 'runtime', 'broker'] as const).map(
    (target): Cell => ({ fault: 'stop', targets: [target], stage, outcome: 'flows_on' }),
  ),
);

const starved: Cell[] = (['broker', 'runtime'] as const).map((target) => ({
  fault: 'descriptors',
  targets: [target],
  stage: 'flow',
  outcome: 'flows_on',
}));

const fixture = (name: string, more: Partial<Cell> = {}): Cell => ({
  fault: 'fixture',
  targets: ['client'],
  stage: 'flow',
  fixture: name,
  outcome: 'flows_again',
  ...more,
});

const misbehaving: Cell[] = [
  fixture('IgnoresSigterm', { outcome: 'flows_on', params: { stop_timeout_s: 0.2 } }),
  fixture('Forks', { outcome: 'flows_on' }),
  // An import may take as long as it likes; it must not keep anybody from stopping.
  fixture('HangsInImport', { outcome: 'stops', params: { stop_timeout_s: 0.2 } }),
  fixture('HangsInProcess', { params: { hang_timeout_s: 1 } }),
  fixture('Allocates', { outcome: 'flows_on', lossy: true }),
  fixture('ClosesDescriptors', { params: { heartbeat_timeout_s: 1.5 } }),
  fixture('SendsGarbage', { quick: true }),
  fixture('Segfaults'),
  fixture('Exits'),
];

const garbage: Cell[] = [
  { fault: 'garbage', targets: ['broker'], stage: 'flow', outcome: 'flows_on', quick: true },
];

export const cells: readonly Cell[] = [...killed, ...stopped, ...starved, ...garbage, ...misbehaving];

export function nameOf({ fault, targets, stage, fixture: name }: Cell): string {
  return name === undefined ? `${fault} ${targets.join('+')} ${stage}` : `${fault} ${name}`;
}
