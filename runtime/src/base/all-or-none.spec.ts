import { describe, expect, it } from 'vitest';
import { allOrNone } from './all-or-none.js';

/** Works until it is told to end, and then takes its time. */
function until(signal: AbortSignal, ended: string[]): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      setImmediate(() => {
        ended.push('ended');
        reject(new Error('stopped'));
      });
    });
  });
}

describe('works of which all are needed', () => {
  it('come to what each comes to, in their order', async () => {
    const abort = new AbortController();
    const later = new Promise<string>((resolve) => setImmediate(resolve, 'b'));
    expect(await allOrNone(abort, [later, Promise.resolve(2)])).toEqual(['b', 2]);
    expect(abort.signal.aborted).toBe(false);
  });

  it('the first that fails is what is told, wherever it stands, and once the others have ended', async () => {
    const abort = new AbortController();
    const ended: string[] = [];
    const works = allOrNone(abort, [
      until(abort.signal, ended),
      Promise.reject(new Error('no such package')),
    ]);
    await expect(works).rejects.toThrow('no such package');
    expect(ended).toEqual(['ended']);
  });
});
