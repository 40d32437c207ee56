import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT_EXPLAINS_MS, step } from './bridge-machine.js';
import {
  type BridgeCommand,
  type BridgeEvent,
  type BridgeRecord,
  type BridgeState,
  type BridgeTimes,
  deadlineOf,
  INITIAL,
  reached,
} from './bridge-states.js';

const times: BridgeTimes = { connectMs: 1000, pongMs: 500, setupMs: 2000 };
const CLIENT = 20;
const STRANGER = 21;

const STATES = {
  idle: { name: 'idle' },
  allocating: { name: 'allocating' },
  spawning: { name: 'spawning', signal: null },
  connecting: { name: 'connecting', deadline: 1000 },
  overdue: { name: 'connecting', deadline: null },
  pinging: { name: 'pinging', deadline: 500 },
  acking: { name: 'acking', hostAcked: false, clientAcked: false },
  host_acked: { name: 'acking', hostAcked: true, clientAcked: false },
  client_acked: { name: 'acking', hostAcked: false, clientAcked: true },
  setting_up: { name: 'setting_up', deadline: 2000 },
  ready: { name: 'ready' },
  leaving: { name: 'leaving', reached: 'ready' },
  cut_off: { name: 'cut_off', reached: 'ready', reason: 'closed: by peer', deadline: 100 },
  cut_off_early: { name: 'cut_off', reached: 'handshake', reason: 'closed: by peer', deadline: 100 },
  broken: { name: 'broken', reached: 'ready' },
  over: { name: 'over' },
} as const satisfies Record<string, BridgeState>;
type StateKey = keyof typeof STATES;

const EVENTS = {
  open: { type: 'open' },
  allocated: { type: 'allocated', connectionId: 'c1' },
  spawned: { type: 'spawned', pid: CLIENT },
  step_failed: { type: 'step_failed', reason: 'refused' },
  client_came: { type: 'client_came', pid: CLIENT },
  stranger_came: { type: 'client_came', pid: STRANGER },
  client_state: { type: 'client_state', state: 'pending' },
  pong: { type: 'pong', valid: true },
  wrong_pong: { type: 'pong', valid: false },
  host_acked: { type: 'host_acked' },
  client_acked: { type: 'client_acked' },
  setup_done: { type: 'setup_done' },
  bye: { type: 'bye' },
  fatal: { type: 'fatal', reason: 'import failed: ValueError' },
  early_frame: { type: 'early_frame', output: 'out' },
  channel_closed: { type: 'channel_closed', code: 'closed', message: 'by peer' },
  unusable: { type: 'unusable', reason: 'hangs' },
  tick: { type: 'tick' },
  stop: { type: 'stop' },
  signal: { type: 'signal', signal: 'SIGKILL' },
  exited: { type: 'exited', exit: { code: 0, how: 'exited with code 0', stderrTail: [] } },
} as const satisfies Record<string, BridgeEvent>;
type EventKey = keyof typeof EVENTS;

const END = 'over: release tell_exited';
const BREAK = 'broken: tell_broken';
const REFUSE = '=: refuse';

/**
 * The state after the event, then the commands. `=`: the same state. A pair that is not here is illegal, named, and changes
 * nothing; for one that is over every event is late, and legal.
 */
const TABLE: Record<EventKey, Partial<Record<StateKey, string>>> = {
  open: { idle: 'allocating: allocate' },
  allocated: { allocating: 'spawning: spawn', over: '=: close_connection' },
  spawned: { spawning: 'connecting: publish_endpoint tell_spawned' },
  step_failed: {
    allocating: END,
    spawning: END,
    connecting: BREAK,
    overdue: BREAK,
    pinging: BREAK,
    acking: BREAK,
    host_acked: BREAK,
    client_acked: BREAK,
    setting_up: '=',
    ready: '=',
    leaving: '=',
    cut_off: '=',
    cut_off_early: '=',
    broken: '=',
  },
  client_came: {
    idle: REFUSE,
    allocating: REFUSE,
    spawning: REFUSE,
    connecting: 'pinging: accept report_channel_up send-ping',
    overdue: 'pinging: accept report_channel_up send-ping',
    pinging: REFUSE,
    acking: REFUSE,
    host_acked: REFUSE,
    client_acked: REFUSE,
    setting_up: REFUSE,
    ready: REFUSE,
    leaving: REFUSE,
    cut_off: REFUSE,
    cut_off_early: REFUSE,
    broken: REFUSE,
    over: REFUSE,
  },
  stranger_came: {
    idle: REFUSE,
    allocating: REFUSE,
    spawning: REFUSE,
    connecting: REFUSE,
    overdue: REFUSE,
    pinging: REFUSE,
    acking: REFUSE,
    host_acked: REFUSE,
    client_acked: REFUSE,
    setting_up: REFUSE,
    ready: REFUSE,
    leaving: REFUSE,
    cut_off: REFUSE,
    cut_off_early: REFUSE,
    broken: REFUSE,
    over: REFUSE,
  },
  // The answer may come when the client has: it was asked for in time, and means nothing then.
  client_state: {
    idle: '=',
    allocating: '=',
    spawning: '=',
    connecting: '=',
    overdue: BREAK,
    pinging: '=',
    acking: '=',
    host_acked: '=',
    client_acked: '=',
    setting_up: '=',
    ready: '=',
    leaving: '=',
    cut_off: '=',
    cut_off_early: '=',
    broken: '=',
  },
  pong: { pinging: 'acking: mark_acked' },
  wrong_pong: { pinging: BREAK },
  host_acked: {
    acking: 'acking',
    client_acked: 'setting_up: send-setup',
    cut_off: '=',
    cut_off_early: '=',
    broken: '=',
  },
  client_acked: {
    acking: 'acking: report_client_acked',
    host_acked: 'setting_up: report_client_acked send-setup',
  },
  setup_done: { setting_up: 'ready: watch tell_ready' },
  bye: { setting_up: 'leaving', ready: 'leaving' },
  fatal: {
    pinging: '=',
    acking: '=',
    host_acked: '=',
    client_acked: '=',
    setting_up: '=',
    ready: '=',
    leaving: '=',
    cut_off: '=',
    cut_off_early: '=',
    broken: '=',
  },
  early_frame: { pinging: BREAK, acking: BREAK, host_acked: BREAK, client_acked: BREAK },
  channel_closed: {
    pinging: 'cut_off',
    acking: 'cut_off',
    host_acked: 'cut_off',
    client_acked: 'cut_off',
    setting_up: 'cut_off',
    ready: 'cut_off',
    leaving: '=',
    broken: '=',
  },
  unusable: {
    connecting: BREAK,
    overdue: BREAK,
    pinging: BREAK,
    acking: BREAK,
    host_acked: BREAK,
    client_acked: BREAK,
    setting_up: BREAK,
    ready: BREAK,
    leaving: BREAK,
    cut_off: BREAK,
    cut_off_early: BREAK,
    broken: '=',
  },
  // At a time when every deadline has passed.
  tick: {
    idle: '=',
    allocating: '=',
    spawning: '=',
    connecting: 'connecting: ask_client_state',
    overdue: '=',
    pinging: BREAK,
    acking: '=',
    host_acked: '=',
    client_acked: '=',
    setting_up: BREAK,
    ready: '=',
    leaving: '=',
    cut_off: BREAK,
    cut_off_early: BREAK,
    broken: '=',
  },
  stop: {
    idle: END,
    allocating: END,
    spawning: 'spawning',
    connecting: '=: SIGTERM',
    overdue: '=: SIGTERM',
    pinging: '=: SIGTERM',
    acking: '=: SIGTERM',
    host_acked: '=: SIGTERM',
    client_acked: '=: SIGTERM',
    setting_up: '=: send-stop',
    ready: '=: send-stop',
    leaving: '=',
    cut_off: '=',
    cut_off_early: '=: SIGTERM',
    broken: '=',
  },
  signal: {
    idle: END,
    allocating: END,
    spawning: 'spawning',
    connecting: '=: SIGKILL',
    overdue: '=: SIGKILL',
    pinging: '=: SIGKILL',
    acking: '=: SIGKILL',
    host_acked: '=: SIGKILL',
    client_acked: '=: SIGKILL',
    setting_up: '=: SIGKILL',
    ready: '=: SIGKILL',
    leaving: '=: SIGKILL',
    cut_off: '=: SIGKILL',
    cut_off_early: '=: SIGKILL',
    broken: '=: SIGKILL',
  },
  exited: {
    connecting: END,
    overdue: END,
    pinging: END,
    acking: END,
    host_acked: END,
    client_acked: END,
    setting_up: END,
    ready: END,
    leaving: END,
    cut_off: END,
    cut_off_early: END,
    broken: END,
  },
};

function name(command: BridgeCommand): string {
  if (command.type === 'send') return `send-${command.what}`;
  return command.type === 'signal' ? command.signal : command.type;
}

function recordIn(key: StateKey): BridgeRecord {
  const before = ['idle', 'allocating'].includes(key);
  const hasProcess = !before && key !== 'spawning' && key !== 'over';
  return {
    ...INITIAL,
    state: STATES[key],
    connectionId: before ? null : 'c1',
    pid: hasProcess ? CLIENT : null,
  };
}

const stateKeys = Object.keys(STATES) as StateKey[];
const eventKeys = Object.keys(EVENTS) as EventKey[];

describe.each(eventKeys)('%s', (eventKey) => {
  it.each(stateKeys)('in %s', (stateKey) => {
    const before = recordIn(stateKey);
    const event: BridgeEvent = EVENTS[eventKey];
    const { record, commands, illegal } = step(before, event, times, 5000);
    const wanted = TABLE[eventKey][stateKey] ?? (stateKey === 'over' ? '=' : '!');
    if (wanted === '!') {
      expect(illegal).toBe(`${event.type} in ${before.state.name}`);
      expect(record).toBe(before);
      expect(commands).toEqual([]);
      return;
    }
    expect(illegal).toBeNull();
    const [state, names = ''] = wanted.split(': ');
    if (state === '=') expect(record.state).toBe(before.state);
    else expect(record.state.name).toBe(state);
    expect(commands.map(name).join(' ')).toBe(names);
  });
});

class Run {
  record: BridgeRecord = INITIAL;
  now = 0;
  readonly commands: BridgeCommand[] = [];

  constructor(readonly times: BridgeTimes) {}

  send(event: BridgeEvent): readonly BridgeCommand[] {
    const next = step(this.record, event, this.times, this.now);
    this.record = next.record;
    this.commands.push(...next.commands);
    return next.commands;
  }

  play(...keys: readonly EventKey[]): this {
    for (const key of keys) this.send(EVENTS[key]);
    return this;
  }

  exit(code: number, stderrTail: readonly string[] = []): BridgeCommand | undefined {
    this.send({ type: 'exited', exit: { code, how: `exited with code ${code}`, stderrTail } });
    return this.commands.at(-1);
  }

  get closing(): BridgeCommand | undefined {
    return this.commands.find(({ type }) => type === 'release');
  }
}

const UP_TO_READY = [
  'open',
  'allocated',
  'spawned',
  'client_came',
  'pong',
  'client_acked',
  'host_acked',
  'setup_done',
] as const satisfies readonly EventKey[];
const upTo = (last: (typeof UP_TO_READY)[number]) =>
  new Run(times).play(...UP_TO_READY.slice(0, UP_TO_READY.indexOf(last) + 1));

describe('the exit of the process', () => {
  it('is clean when it was ready and ends by itself in order, and the broker hears of no error', () => {
    const run = upTo('setup_done').play('bye', 'channel_closed');
    expect(run.exit(0)).toMatchObject({ type: 'tell_exited', clean: true });
    expect(run.closing).toMatchObject({ connectionId: 'c1', why: { reason: 'shutdown' } });
  });

  it('is a failure before it was ready, with the end of stderr', () => {
    const run = upTo('spawned');
    expect(run.exit(0, ['last words'])).toMatchObject({
      clean: false,
      reason: 'the subprocess exited with code 0 before it was ready; the end of its stderr:\n  last words',
    });
    expect(run.closing).toMatchObject({ why: { reason: 'error', side: 'client' } });
  });

  it('is explained by what the client said last', () => {
    const run = upTo('setup_done').play('fatal', 'channel_closed');
    expect(run.exit(0)).toMatchObject({
      clean: false,
      reason: 'import failed: ValueError (exited with code 0)',
    });
  });

  it('is a failure when the channel had closed and nobody had asked for it', () => {
    const run = upTo('setup_done').play('channel_closed');
    expect(run.exit(0)).toMatchObject({
      clean: false,
      reason: 'the direct channel was closed (closed: by peer), and the subprocess exited with code 0',
    });
  });

  it('is clean when the channel closed after a stop was asked for', () => {
    const run = upTo('setup_done').play('stop', 'channel_closed');
    expect(run.exit(0)).toMatchObject({ clean: true });
  });

  it('is no success when this side refused the form of the channel', () => {
    const run = upTo('setup_done').play('stop');
    run.send({ type: 'channel_closed', code: 'malformed', message: 'length 9' });
    expect(run.exit(0)).toMatchObject({ clean: false, reason: /broke the form of the channel: length 9/ });
  });
});

describe('time', () => {
  it('runs for the connection, the pong and the setup, and is over in between', () => {
    const deadlines = UP_TO_READY.map((key) => deadlineOf(upTo(key).record));
    expect(deadlines).toEqual([null, null, 1000, 500, null, null, 2000, null]);
    const patient = new Run({ ...times, setupMs: 0 }).play(...UP_TO_READY.slice(0, -1));
    expect(deadlineOf(patient.record)).toBeNull();
  });

  it('that has not come yet changes nothing', () => {
    const run = upTo('client_came');
    run.now = 499;
    expect(run.send({ type: 'tick' })).toEqual([]);
    run.now = 500;
    expect(run.send({ type: 'tick' })).toMatchObject([
      { type: 'tell_broken', reason: /did not answer the ping within 0\.5 s/ },
    ]);
  });

  it('is given to the exit when the channel closes', () => {
    const run = upTo('setup_done').play('channel_closed');
    expect(deadlineOf(run.record)).toBe(EXIT_EXPLAINS_MS);
  });

  it('a client that comes while the broker is asked about it is taken', () => {
    const run = upTo('spawned');
    run.now = 1000;
    run.play('tick', 'client_came', 'client_state');
    expect(run.record.state.name).toBe('pinging');
  });
});

it('a signal that comes while the process is being started reaches it, the stronger of two', () => {
  const run = upTo('allocated');
  run.send({ type: 'signal', signal: 'SIGKILL' });
  run.play('stop');
  expect(run.send({ type: 'spawned', pid: CLIENT }).map(name)).toEqual([
    'SIGKILL',
    'publish_endpoint',
    'tell_spawned',
  ]);
});

describe('any order of events', () => {
  const anyEvent = fc.oneof(
    fc.constantFrom(...eventKeys).map((key): BridgeEvent => EVENTS[key]),
    fc.constant<BridgeEvent>({ type: 'channel_closed', code: 'malformed', message: 'length 9' }),
    fc.constant<BridgeEvent>({ type: 'signal', signal: 'SIGTERM' }),
    fc
      .integer({ min: 0, max: 3 })
      .map(
        (code): BridgeEvent => ({ type: 'exited', exit: { code, how: `exited ${code}`, stderrTail: [] } }),
      ),
  );
  // Mostly a handshake as it should be, into which the rest falls: from events alone few runs would come far.
  const anyRun = fc
    .tuple(
      fc.nat(UP_TO_READY.length),
      fc.array(fc.tuple(anyEvent, fc.nat(800), fc.boolean()), { maxLength: 40 }),
    )
    .map(([length, others]) => ({ begin: UP_TO_READY.slice(0, length).map((key) => EVENTS[key]), others }));

  it('ends exactly once and last, is broken at most once, and leaves neither process nor connection', () => {
    fc.assert(
      fc.property(anyRun, fc.boolean(), ({ begin, others }, spawns) => {
        const run = new Run(times);
        const closed: string[] = [];
        let allocations = 0;
        let alive = false;
        let isReady = false;
        let broken = 0;
        let exited = 0;

        const send = (event: BridgeEvent): void => {
          // Only what runs can exit, and the broker answers each request once.
          if (event.type === 'exited') {
            if (!alive) return;
            alive = false;
          }
          if (event.type === 'spawned') return;
          if (event.type === 'allocated' && (allocations > 0 || !wasAsked(run))) return;
          if (event.type === 'allocated') allocations++;
          const commands = run.send(event);
          let answer: BridgeEvent | null = null;
          for (const command of commands) {
            if (exited > 0) expect(command.type).toMatch(/^(?:close_connection|refuse)$/);
            switch (command.type) {
              case 'spawn':
                expect(alive).toBe(false);
                answer = spawns
                  ? { type: 'spawned', pid: CLIENT }
                  : { type: 'step_failed', reason: 'no descriptors' };
                break;
              case 'signal':
                expect(alive).toBe(true);
                break;
              case 'tell_ready':
                expect(isReady).toBe(false);
                isReady = true;
                break;
              case 'tell_broken':
                expect(alive).toBe(true);
                broken++;
                break;
              case 'release':
                if (command.connectionId !== null) closed.push(command.connectionId);
                break;
              case 'close_connection':
                closed.push(command.connectionId);
                break;
              case 'tell_exited':
                expect(alive).toBe(false);
                exited++;
                break;
            }
          }
          if (reached(run.record.state) === 'ready') expect(isReady).toBe(true);
          if (answer?.type === 'spawned') {
            alive = true;
            run.send(answer);
          } else if (answer !== null) send(answer);
        };

        for (const event of begin) send(event);
        for (const [event, pause] of others) {
          run.now += pause;
          send(event);
        }
        // As the supervisor ends every one of them.
        send({ type: 'signal', signal: 'SIGKILL' });
        send(EVENTS.exited);
        if (allocations === 0 && wasAsked(run)) send(EVENTS.allocated);

        expect(run.record.state.name).toBe('over');
        expect(exited).toBe(1);
        expect(broken).toBeLessThanOrEqual(1);
        expect(alive).toBe(false);
        expect(closed).toHaveLength(allocations);
        expect(deadlineOf(run.record)).toBeNull();
      }),
      { numRuns: 1000 },
    );
  });
});

function wasAsked(run: Run): boolean {
  return run.commands.some(({ type }) => type === 'allocate');
}
