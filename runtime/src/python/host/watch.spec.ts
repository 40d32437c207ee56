import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS } from './types.js';
import { HangWatch } from './watch.js';

const limits = {
  ...DEFAULT_LIMITS,
  silenceWarnMs: 3000,
  silenceKillMs: 6000,
  busyWarnMs: 5000,
  busyKillMs: 60_000,
};

describe('HangWatch', () => {
  it('warns of silence once, then gives up', () => {
    const watch = new HangWatch(limits, 0);
    expect(watch.check(2999).act).toBe('nothing');
    expect(watch.check(3000)).toEqual({ act: 'warn', reason: 'no heartbeat for 3.0 s' });
    expect(watch.check(4000).act).toBe('nothing');
    expect(watch.check(6000)).toEqual({ act: 'kill', reason: 'hangs: no heartbeat for 6.0 s' });
  });

  it('lets one be busy for long, and longer than allowed not', () => {
    const watch = new HangWatch(limits, 0);
    let verdicts: string[] = [];
    for (let now = 1000; now <= 59_000; now += 1000) {
      watch.heartbeat(now, now);
      verdicts.push(watch.check(now).act);
    }
    expect(verdicts.filter((act) => act !== 'nothing')).toEqual(['warn']);
    watch.heartbeat(60_000, 60_000);
    expect(watch.check(60_000)).toEqual({
      act: 'kill',
      reason: 'hangs: one call has been running for 60.0 s',
    });

    const patient = new HangWatch({ ...limits, busyKillMs: 0 }, 0);
    verdicts = [];
    patient.heartbeat(1_000_000, 1_000_000);
    verdicts.push(patient.check(1_000_000).act);
    expect(verdicts).toEqual(['warn']);
  });

  it('does not blame the client for a pause of the host', () => {
    const watch = new HangWatch(limits, 0);
    watch.forgive(20_000);
    expect(watch.check(20_001).act).toBe('nothing');
  });
});
