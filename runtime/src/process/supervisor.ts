import {
  INITIAL,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorPolicy,
  type SupervisorRecord,
  step,
} from './machine.js';

export interface Supervised {
  /** Starts a subprocess; what becomes of it is told by `ready`, `broken` and, in any case, `exited`. */
  spawn(incarnation: number): void;
  askToStop(incarnation: number): void;
  signal(incarnation: number, signal: 'SIGTERM' | 'SIGKILL'): void;
  restarting(delayMs: number, reason: string): void;
  ended(state: 'stopped' | 'failed', reason: string | null): void;
}

/** Runs the state machine against the clock. Owns one timer. */
export class Supervisor {
  private record: SupervisorRecord = INITIAL;
  private timer: NodeJS.Timeout | null = null;
  private stopWaiters: (() => void)[] = [];

  constructor(
    private readonly policy: SupervisorPolicy,
    private readonly supervised: Supervised,
    private readonly now: () => number = () => performance.now(),
    private readonly random: () => number = Math.random,
  ) {}

  get restarts(): number {
    return this.record.restarts;
  }

  get over(): boolean {
    return this.record.state.name === 'stopped' || this.record.state.name === 'failed';
  }

  start(): void {
    this.send({ type: 'start' });
  }

  ready(incarnation: number): void {
    this.send({ type: 'ready', incarnation });
  }

  broken(incarnation: number, reason: string): void {
    this.send({ type: 'broken', incarnation, reason });
  }

  exited(incarnation: number, clean: boolean, reason: string): void {
    this.send({ type: 'exited', incarnation, clean, reason });
  }

  /** Settles when no subprocess is left. */
  stop(): Promise<void> {
    this.send({ type: 'stop' });
    if (this.over) return Promise.resolve();
    return new Promise((resolve) => this.stopWaiters.push(resolve));
  }

  private send(event: SupervisorEvent): void {
    const { record, actions } = step(this.record, event, this.policy, this.now(), this.random());
    this.record = record;
    for (const action of actions) {
      this.perform(action);
      // An action may end it at once, and what was to follow (to be woken, say) is of the past then.
      if (this.record !== record) return;
    }
  }

  private perform(action: SupervisorAction): void {
    switch (action.type) {
      case 'spawn':
        this.supervised.spawn(action.incarnation);
        return;
      case 'ask_to_stop':
        this.supervised.askToStop(action.incarnation);
        return;
      case 'signal':
        this.supervised.signal(action.incarnation, action.signal);
        return;
      case 'restarting':
        this.supervised.restarting(action.delayMs, action.reason);
        return;
      case 'wake_at':
        this.wakeAt(action.at);
        return;
      case 'ended':
        this.wakeAt(null);
        this.supervised.ended(action.state, action.reason);
        for (const wake of this.stopWaiters.splice(0)) wake();
        return;
    }
  }

  private wakeAt(at: number | null): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    if (at === null) return;
    // One millisecond late rather than early: an early tick changes nothing, and nobody would ask again.
    const delay = Math.max(0, Math.ceil(at - this.now()) + 1);
    this.timer = setTimeout(() => this.send({ type: 'tick' }), delay);
  }
}
