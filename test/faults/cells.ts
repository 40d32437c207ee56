/** Where in a connection's life a fault strikes. The first four are steps of the handshake. */
export const stages = ['allocated', 'client_alive', 'endpoint_received', 'ready', 'flow'] as const;
export type Stage = (typeof stages)[number];
export const targets = ['client', 'runtime', 'broker'] as const;
export type Target = (typeof targets)[number];

/**
 * kill: SIGKILL. stop: SIGSTOP for a second. descriptors, memory: a limit at what it has now, for a second. disk: no room and no
 * inodes where its state, logs and sockets lie. frames: no memory for frames. garbage: what it says on each of its
 * sockets is random bytes, once. strangers: random bytes from many others, at every door that it has.
 */
export type Fault = 'kill' | 'stop' | 'descriptors' | 'memory' | 'disk' | 'frames' | 'garbage' | 'strangers';

export interface Strike {
  readonly fault: Fault;
  readonly target: Target;
}

export interface Cell {
  /** At the same moment. None: the fixture does it. */
  readonly strikes: readonly Strike[];
  readonly stage: Stage;
  /** Of test/fixtures/misbehaves.py; else the file that behaves. */
  readonly fixture?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /**
   * What must come of it. flows_on: no frame is lost. flows_again: those that the client held may be. survives: as
   * flows_again, or the runtime ends at once, as one does that gets no memory. gone: nothing is left. stops: in order.
   */
  readonly outcome: 'flows_again' | 'flows_on' | 'survives' | 'gone' | 'stops';
  /** The fixture gives up a frame itself. */
  readonly lossy?: true;
  /** Part of each run of the tests; the others are run by `npm run faults`. */
  readonly quick?: true;
}

/** What must come of two faults is the worse of what must come of each. */
const worst = ['flows_on', 'flows_again', 'survives', 'gone'] as const;

function outcomeOf({ fault, target }: Strike, stage: Stage): (typeof worst)[number] {
  // Whatever is done to the broker, for a while or for good, nobody loses anything.
  if (target === 'broker') return 'flows_on';
  switch (fault) {
    case 'kill':
      return target === 'runtime' ? 'gone' : 'flows_again';
    case 'memory':
      return target === 'runtime' ? 'survives' : 'flows_again';
    case 'garbage':
      return 'flows_again';
    case 'descriptors':
      // Handles that a process cannot take in end the connection. In flow, the runtime has all of them.
      return target === 'runtime' && stage === 'flow' ? 'flows_on' : 'flows_again';
    default:
      return 'flows_on';
  }
}

function cell(strikes: readonly Strike[], stage: Stage, more: Partial<Cell> = {}): Cell {
  const outcome = worst[Math.max(...strikes.map((strike) => worst.indexOf(outcomeOf(strike, stage))))];
  return { strikes, stage, outcome: outcome ?? 'flows_on', ...more };
}

const pairs = [
  ['client', 'runtime'],
  ['client', 'broker'],
  ['runtime', 'broker'],
] as const;

const one = (fault: Fault, of: readonly Target[] = targets, at: readonly Stage[] = stages): Cell[] =>
  at.flatMap((stage) => of.map((target) => cell([{ fault, target }], stage)));
const two = (fault: Fault, at: readonly Stage[] = stages): Cell[] =>
  at.flatMap((stage) =>
    pairs.map((pair) =>
      cell(
        pair.map((target) => ({ fault, target })),
        stage,
      ),
    ),
  );
/** One is killed while another has a trouble of its own. */
const whileKilled = (fault: Fault, at: readonly Stage[], of: readonly Target[] = targets): Cell[] =>
  at.flatMap((stage) =>
    of.flatMap((target) =>
      targets
        .filter((other) => other !== target)
        .map((other) =>
          cell(
            [
              { fault, target },
              { fault: 'kill', target: other },
            ],
            stage,
          ),
        ),
    ),
  );

const early = ['allocated', 'flow'] as const;

const struck: Cell[] = [
  ...one('kill'),
  ...two('kill'),
  ...one('stop'),
  ...two('stop'),
  ...whileKilled('stop', stages),
  ...one('descriptors'),
  ...two('descriptors', early),
  ...whileKilled('descriptors', early),
  ...one('memory'),
  ...two('memory', early),
  ...whileKilled('memory', early),
  // The broker and the runtime have one state directory: its disk is full for both.
  ...one('disk', ['runtime']),
  ...early.flatMap((stage) =>
    targets.map((target) =>
      cell(
        [
          { fault: 'disk', target: 'runtime' },
          { fault: 'kill', target },
        ],
        stage,
      ),
    ),
  ),
  ...one('frames', ['runtime'], ['flow']),
  ...one('garbage'),
  ...two('garbage', early),
  ...whileKilled('garbage', early),
  ...one('strangers', ['broker']),
];

const quick = new Set([
  'kill client client_alive',
  'kill broker endpoint_received',
  'kill runtime ready',
  'kill client, kill broker flow',
  'stop client, kill broker flow',
  'disk runtime flow',
  'strangers broker flow',
]);

const fixture = (name: string, more: Partial<Cell> = {}): Cell => ({
  strikes: [],
  stage: 'flow',
  fixture: name,
  outcome: 'flows_again',
  ...more,
});

const misbehaving: Cell[] = [
  fixture('IgnoresSigterm', { outcome: 'flows_on', params: { stop_timeout_s: 0.2 } }),
  fixture('Forks', { outcome: 'flows_on' }),
  // Its child has its sockets: that the channel is closed tells nobody that it died.
  fixture('ForksAndDies'),
  // An import may take as long as it likes; it must not keep anybody from stopping.
  fixture('HangsInImport', { outcome: 'stops', params: { stop_timeout_s: 0.2 } }),
  fixture('HangsInSetup', { outcome: 'stops', params: { stop_timeout_s: 0.2 } }),
  fixture('HangsInProcess', { params: { hang_timeout_s: 1 } }),
  fixture('Allocates', { outcome: 'flows_on', lossy: true }),
  fixture('AllocatesFrames', { outcome: 'flows_on' }),
  // Whoever gives nothing back gets nothing more: the flow ends, and everything can still be stopped.
  fixture('Hoards', { outcome: 'stops' }),
  fixture('ClosesDescriptors', { params: { heartbeat_timeout_s: 1.5 } }),
  fixture('WritesIntoInput'),
  fixture('SendsGarbage', { quick: true }),
  fixture('SendsGarbageInImport'),
  fixture('Segfaults'),
  fixture('Exits'),
];

export const cells: readonly Cell[] = [...struck, ...misbehaving].map((each) =>
  quick.has(nameOf(each)) ? { ...each, quick: true } : each,
);

export function nameOf({ strikes, stage, fixture: name }: Cell): string {
  if (name !== undefined) return `fixture ${name}`;
  return `${strikes.map(({ fault, target }) => `${fault} ${target}`).join(', ')} ${stage}`;
}
