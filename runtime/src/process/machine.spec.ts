import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  backoff,
  DEFAULT_POLICY,
  INITIAL,
  type Step,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorPolicy,
  type SupervisorRecord,
  step,
} from './machine.js';

const policy: SupervisorPolicy = { ...DEFAULT_POLICY, backoffMs: 100, backoffCapMs: 1000, maxRestarts: 3 };

class Run {
  record: SupervisorRecord = INITIAL;
  now = 0;
  constructor(readonly policy: SupervisorPolicy) {}

  send(event: SupervisorEvent): readonly SupervisorAction[] {
    const next: Step = step(this.record, event, this.policy, this.now, 0.5);
    this.record = next.record;
    return next.actions;
  }

  exit(clean = false, incarnation = this.record.incarnation): readonly SupervisorAction[] {
    return this.send({ type: 'exited', incarnation, clean, reason: 'exit code 1' });
  }

  /** Lets the time come that was asked for. */
  wake(actions: readonly SupervisorAction[]): readonly SupervisorAction[] {
    const wake = actions.find((action) => action.type === 'wake_at');
    if (wake?.type !== 'wake_at') throw new Error('nobody asked to be woken');
    this.now = wake.at;
    return this.send({ type: 'tick' });
  }
}

function types(actions: readonly SupervisorAction[]): string[] {
  return actions.map((action) => (action.type === 'signal' ? action.signal : action.type));
}

describe('restart', () => {
  it('starts again after a failure, later each time, and gives up within the window', () => {
    const run = new Run(policy);
    expect(types(run.send({ type: 'start' }))).toEqual(['spawn']);
    const delays: number[] = [];
    for (let i = 0; i < 3; i++) {
      const actions = run.exit();
      const restarting = actions.find((action) => action.type === 'restarting');
      delays.push(restarting?.type === 'restarting' ? restarting.delayMs : -1);
      expect(types(run.wake(actions))).toEqual(['spawn']);
    }
    expect(delays).toEqual([75, 150, 300]);
    expect(run.exit()).toMatchObject([
      { type: 'ended', state: 'failed', reason: /given up after 3 restarts/ },
    ]);
    expect(run.record.restarts).toBe(3);
  });

  it('never restarts under `never`', () => {
    const run = new Run({ ...policy, restart: 'never' });
    run.send({ type: 'start' });
    expect(run.exit()).toEqual([{ type: 'ended', state: 'failed', reason: 'exit code 1' }]);
  });

  it('takes a clean exit for the end under `on-failure`, for a reason to start again under `always`', () => {
    const once = new Run(policy);
    once.send({ type: 'start' });
    expect(once.exit(true)).toEqual([{ type: 'ended', state: 'stopped', reason: null }]);

    const always = new Run({ ...policy, restart: 'always' });
    always.send({ type: 'start' });
    expect(types(always.exit(true))).toEqual(['restarting', 'wake_at']);
  });

  it('kills one that is broken and waits for its exit before it starts another', () => {
    const run = new Run(policy);
    run.send({ type: 'start' });
    run.send({ type: 'ready', incarnation: 1 });
    expect(types(run.send({ type: 'broken', incarnation: 1, reason: 'hangs' }))).toEqual(['SIGKILL']);
    expect(run.exit()).toMatchObject([{ type: 'restarting', reason: 'hangs' }, { type: 'wake_at' }]);
  });

  it('forgets earlier failures once it has run for a whole window', () => {
    const run = new Run(policy);
    run.send({ type: 'start' });
    run.wake(run.exit());
    run.send({ type: 'ready', incarnation: 2 });
    run.now += policy.windowMs;
    run.exit();
    expect(run.record.failuresInRow).toBe(1);
  });

  it('ignores what an earlier incarnation has to say', () => {
    const run = new Run(policy);
    run.send({ type: 'start' });
    run.wake(run.exit());
    const before = run.record;
    expect(run.exit(false, 1)).toEqual([]);
    expect(run.send({ type: 'ready', incarnation: 1 })).toEqual([]);
    expect(run.record).toBe(before);
  });
});

describe('stop', () => {
  it('asks, then terminates, then kills, and waits for the exit', () => {
    const run = new Run(policy);
    run.send({ type: 'start' });
    const asked = run.send({ type: 'stop' });
    expect(types(asked)).toEqual(['ask_to_stop', 'wake_at']);
    const term = run.wake(asked);
    expect(types(term)).toEqual(['SIGTERM', 'wake_at']);
    expect(types(run.wake(term))).toEqual(['SIGKILL']);
    expect(run.exit()).toEqual([{ type: 'ended', state: 'stopped', reason: null }]);
  });

  it('stops at once while it waits to restart', () => {
    const run = new Run(policy);
    run.send({ type: 'start' });
    const actions = run.exit();
    expect(types(run.send({ type: 'stop' }))).toEqual(['ended']);
    expect(run.wake(actions)).toEqual([]);
  });
});

describe('any order of events', () => {
  const event = (incarnation: number): fc.Arbitrary<SupervisorEvent> =>
    fc.oneof(
      fc.constant<SupervisorEvent>({ type: 'start' }),
      fc.constant<SupervisorEvent>({ type: 'stop' }),
      fc.constant<SupervisorEvent>({ type: 'tick' }),
      fc.constant<SupervisorEvent>({ type: 'ready', incarnation }),
      fc.constant<SupervisorEvent>({ type: 'broken', incarnation, reason: 'broken' }),
      fc.boolean().map<SupervisorEvent>((clean) => ({ type: 'exited', incarnation, clean, reason: 'exit' })),
    );
  const anyEvent = fc.integer({ min: 0, max: 6 }).chain(event);

  it('never has two subprocesses, never leaves one behind, and ends once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(anyEvent, fc.nat(5000)), { maxLength: 60 }),
        fc.constantFrom('never' as const, 'on-failure' as const, 'always' as const),
        (events, restart) => {
          const run = new Run({ ...policy, restart });
          let alive: number | null = null;
          let ended = 0;
          for (const [sent, pause] of events) {
            run.now += pause;
            // A process can only exit if it is there.
            if (
              sent.type === 'exited' &&
              sent.incarnation !== alive &&
              sent.incarnation === run.record.incarnation
            )
              continue;
            if (sent.type === 'exited' && sent.incarnation === alive) alive = null;
            for (const action of run.send(sent)) {
              if (action.type === 'spawn') {
                expect(alive).toBeNull();
                alive = action.incarnation;
              }
              if (action.type === 'signal' || action.type === 'ask_to_stop')
                expect(action.incarnation).toBe(alive);
              if (action.type === 'ended') {
                expect(alive).toBeNull();
                ended++;
              }
            }
          }
          expect(ended).toBeLessThanOrEqual(1);
          const recent = run.record.restartsAt.filter((at) => run.now - at < policy.windowMs);
          expect(recent.length).toBeLessThanOrEqual(policy.maxRestarts);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('waits no longer than the cap', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, jitter) => {
        const delay = backoff(policy, failures, jitter);
        expect(delay).toBeGreaterThanOrEqual(policy.backoffMs / 2);
        expect(delay).toBeLessThanOrEqual(policy.backoffCapMs);
      }),
    );
  });
});
