import { describe, expect, it } from 'vitest';
import { interruptible, untilInterrupted } from './signals.js';
import { RecordedIo } from './testing/recorded-io.js';

const aborts = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

describe('a command that is interrupted', () => {
  it('ends in order, and at once the second time', async () => {
    const codes: number[] = [];
    const before = process.listenerCount('SIGINT');
    await untilInterrupted(
      async (signal) => {
        process.emit('SIGINT');
        expect(signal.aborted).toBe(true);
        expect(codes).toEqual([]);
        process.emit('SIGINT');
      },
      (code) => codes.push(code),
    );
    expect(codes).toEqual([130]);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  it('says so by its exit code when its work was not done', async () => {
    const io = new RecordedIo();
    const code = interruptible(io, async (signal) => {
      await aborts(signal);
      throw new Error('stopped while it worked');
    });
    process.emit('SIGTERM');
    expect(await code).toBe(130);
    expect(io.errLines).toEqual(['stopped while it worked']);
  });

  it('has done its work if the signal came too late', async () => {
    const code = interruptible(new RecordedIo(), async (signal) => {
      await aborts(signal);
      return 0;
    });
    process.emit('SIGINT');
    expect(await code).toBe(0);
  });
});

describe('G5: a terminal that is closed', () => {
  it('asks to stop, however often it says so, also beside a SIGTERM', async () => {
    const codes: number[] = [];
    await untilInterrupted(
      async (signal) => {
        process.emit('SIGHUP');
        process.emit('SIGHUP');
        process.emit('SIGTERM');
        process.emit('SIGHUP');
        expect(signal.aborted).toBe(true);
      },
      (code) => codes.push(code),
    );
    expect(codes).toEqual([]);
  });

  it('ends what only shows, as a reader that has gone does', async () => {
    const gone = new AbortController();
    const shown = untilInterrupted(aborts, () => {}, gone.signal);
    gone.abort();
    await shown;
  });
});
