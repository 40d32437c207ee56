/** When a subprocess that ended is started again. */
export type RestartPolicy = 'never' | 'on-failure' | 'always';

export interface SupervisorPolicy {
  readonly restart: RestartPolicy;
  /** First pause before a restart; doubles with each failure in a row. */
  readonly backoffMs: number;
  readonly backoffCapMs: number;
  /** Restarts within `windowMs` before the supervisor gives up. */
  readonly maxRestarts: number;
  readonly windowMs: number;
  /** How long a subprocess may take to stop when asked, and then after SIGTERM. */
  readonly stopGraceMs: number;
  readonly termGraceMs: number;
}

export const DEFAULT_POLICY: SupervisorPolicy = {
  restart: 'on-failure',
  backoffMs: 200,
  backoffCapMs: 10_000,
  maxRestarts: 5,
  windowMs: 60_000,
  stopGraceMs: 3_000,
  termGraceMs: 2_000,
};

/** How far a subprocess has been asked to end. */
export type StopStage = 'asked' | 'term' | 'kill';

export type SupervisorState =
  | { readonly name: 'idle' }
  | { readonly name: 'starting'; readonly incarnation: number }
  | { readonly name: 'running'; readonly incarnation: number; readonly since: number }
  /** Being ended because it failed, for example when it hangs; what follows is up to the policy. */
  | { readonly name: 'killing'; readonly incarnation: number; readonly reason: string }
  | { readonly name: 'backoff'; readonly until: number; readonly reason: string }
  | {
      readonly name: 'stopping';
      readonly incarnation: number;
      readonly stage: StopStage;
      readonly deadline: number;
    }
  | { readonly name: 'stopped' }
  | { readonly name: 'failed'; readonly reason: string };

export interface SupervisorRecord {
  readonly state: SupervisorState;
  /** Counts the subprocesses started so far; events of an earlier one are ignored. */
  readonly incarnation: number;
  /** When restarts were made, within the window. */
  readonly restartsAt: readonly number[];
  /** Failures since it last ran for a whole window. */
  readonly failuresInRow: number;
  readonly restarts: number;
}

export type SupervisorEvent =
  | { readonly type: 'start' }
  | { readonly type: 'ready'; readonly incarnation: number }
  /** It is of no use any more (hangs, broke the protocol, no handshake) but its process may still be there. */
  | { readonly type: 'broken'; readonly incarnation: number; readonly reason: string }
  | {
      readonly type: 'exited';
      readonly incarnation: number;
      readonly clean: boolean;
      readonly reason: string;
    }
  | { readonly type: 'stop' }
  /** A time that was asked for by `wake_at` has come. */
  | { readonly type: 'tick' };

export type SupervisorAction =
  | { readonly type: 'spawn'; readonly incarnation: number }
  | { readonly type: 'ask_to_stop'; readonly incarnation: number }
  | { readonly type: 'signal'; readonly incarnation: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly type: 'wake_at'; readonly at: number }
  | { readonly type: 'restarting'; readonly delayMs: number; readonly reason: string }
  | { readonly type: 'ended'; readonly state: 'stopped' | 'failed'; readonly reason: string | null };

export interface Step {
  readonly record: SupervisorRecord;
  readonly actions: readonly SupervisorAction[];
}

export const INITIAL: SupervisorRecord = {
  state: { name: 'idle' },
  incarnation: 0,
  restartsAt: [],
  failuresInRow: 0,
  restarts: 0,
};

/**
 * The whole of supervision as one function: no timers, no processes, no clock. `now` is in milliseconds, `jitter` in [0, 1).
 * An event that means nothing in a state changes nothing.
 */
export function step(
  record: SupervisorRecord,
  event: SupervisorEvent,
  policy: SupervisorPolicy,
  now: number,
  jitter: number,
): Step {
  const { state } = record;
  // The exit of an earlier incarnation may be told after its successor was started.
  if ('incarnation' in event && event.incarnation !== record.incarnation) return unchanged(record);
  switch (event.type) {
    case 'start':
      if (state.name !== 'idle') return unchanged(record);
      return spawn(record);
    case 'ready':
      if (state.name !== 'starting') return unchanged(record);
      return only({ ...record, state: { name: 'running', incarnation: state.incarnation, since: now } });
    case 'broken':
      if (state.name !== 'starting' && state.name !== 'running') return unchanged(record);
      return {
        record: {
          ...record,
          failuresInRow: failuresBefore(record, policy, now),
          state: { name: 'killing', incarnation: state.incarnation, reason: event.reason },
        },
        actions: [{ type: 'signal', incarnation: state.incarnation, signal: 'SIGKILL' }],
      };
    case 'exited':
      return exited(record, event, policy, now, jitter);
    case 'stop':
      return stop(record, policy, now);
    case 'tick':
      return tick(record, policy, now);
  }
}

function exited(
  record: SupervisorRecord,
  event: SupervisorEvent & { type: 'exited' },
  policy: SupervisorPolicy,
  now: number,
  jitter: number,
): Step {
  const { state } = record;
  switch (state.name) {
    case 'idle':
    case 'backoff':
    case 'stopped':
    case 'failed':
      return unchanged(record);
    case 'stopping':
      return end(record, 'stopped', null);
    case 'starting':
    case 'running':
    case 'killing': {
      const reason = state.name === 'killing' ? state.reason : event.reason;
      const clean = state.name !== 'killing' && event.clean;
      if (clean && policy.restart !== 'always') return end(record, 'stopped', null);
      if (policy.restart === 'never') return end(record, 'failed', reason);
      const recent = record.restartsAt.filter((at) => now - at < policy.windowMs);
      if (recent.length >= policy.maxRestarts) {
        const seconds = Math.round(policy.windowMs / 1000);
        return end(
          record,
          'failed',
          `${reason} (given up after ${recent.length} restarts within ${seconds} s)`,
        );
      }
      const failures = failuresBefore(record, policy, now);
      const delayMs = backoff(policy, failures, jitter);
      return {
        record: {
          ...record,
          restartsAt: recent,
          failuresInRow: failures + 1,
          state: { name: 'backoff', until: now + delayMs, reason },
        },
        actions: [
          { type: 'restarting', delayMs, reason },
          { type: 'wake_at', at: now + delayMs },
        ],
      };
    }
  }
}

function stop(record: SupervisorRecord, policy: SupervisorPolicy, now: number): Step {
  const { state } = record;
  switch (state.name) {
    case 'stopping':
    case 'stopped':
    case 'failed':
      return unchanged(record);
    case 'idle':
    case 'backoff':
      return end(record, 'stopped', null);
    case 'starting':
    case 'running': {
      const deadline = now + policy.stopGraceMs;
      return {
        record: {
          ...record,
          state: { name: 'stopping', incarnation: state.incarnation, stage: 'asked', deadline },
        },
        actions: [
          { type: 'ask_to_stop', incarnation: state.incarnation },
          { type: 'wake_at', at: deadline },
        ],
      };
    }
    case 'killing':
      // SIGKILL is on its way already: only the exit is awaited.
      return only({
        ...record,
        state: {
          name: 'stopping',
          incarnation: state.incarnation,
          stage: 'kill',
          deadline: Number.POSITIVE_INFINITY,
        },
      });
  }
}

function tick(record: SupervisorRecord, policy: SupervisorPolicy, now: number): Step {
  const { state } = record;
  if (state.name === 'backoff' && now >= state.until) {
    return spawn({ ...record, restarts: record.restarts + 1, restartsAt: [...record.restartsAt, now] });
  }
  if (state.name === 'stopping' && now >= state.deadline) {
    const { incarnation } = state;
    if (state.stage === 'asked') {
      const deadline = now + policy.termGraceMs;
      return {
        record: { ...record, state: { ...state, stage: 'term', deadline } },
        actions: [
          { type: 'signal', incarnation, signal: 'SIGTERM' },
          { type: 'wake_at', at: deadline },
        ],
      };
    }
    if (state.stage === 'term') {
      return {
        record: { ...record, state: { ...state, stage: 'kill', deadline: Number.POSITIVE_INFINITY } },
        actions: [{ type: 'signal', incarnation, signal: 'SIGKILL' }],
      };
    }
  }
  return unchanged(record);
}

/** A subprocess that ran for a whole window has proved itself: its failure is the first of a new row. */
function failuresBefore(record: SupervisorRecord, policy: SupervisorPolicy, now: number): number {
  const { state } = record;
  return state.name === 'running' && now - state.since >= policy.windowMs ? 0 : record.failuresInRow;
}

/** Between half and the whole of the doubled pause, so that many that failed together don't come back together. */
export function backoff(policy: SupervisorPolicy, failuresInRow: number, jitter: number): number {
  const whole = Math.min(policy.backoffCapMs, policy.backoffMs * 2 ** Math.min(failuresInRow, 30));
  return Math.round(whole * (0.5 + jitter / 2));
}

function spawn(record: SupervisorRecord): Step {
  const incarnation = record.incarnation + 1;
  return {
    record: { ...record, incarnation, state: { name: 'starting', incarnation } },
    actions: [{ type: 'spawn', incarnation }],
  };
}

function end(record: SupervisorRecord, state: 'stopped' | 'failed', reason: string | null): Step {
  return {
    record: {
      ...record,
      state: state === 'failed' ? { name: 'failed', reason: reason ?? '' } : { name: 'stopped' },
    },
    actions: [{ type: 'ended', state, reason }],
  };
}

function only(record: SupervisorRecord): Step {
  return { record, actions: [] };
}

function unchanged(record: SupervisorRecord): Step {
  return { record, actions: [] };
}
