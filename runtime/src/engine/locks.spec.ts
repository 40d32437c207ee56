import { describe, expect, it } from 'vitest';
import { Locks } from './locks.js';

function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('Locks', () => {
  it('let one in at a time for each name, in their order', async () => {
    const locks = new Locks();
    const said: string[] = [];
    const first = gate();
    const works = [
      locks.hold(['a'], async () => {
        await first.opened;
        said.push('first');
      }),
      locks.hold(['a', 'b'], async () => void said.push('both')),
      locks.hold(['b'], async () => void said.push('last')),
      locks.hold(['c'], async () => void said.push('other')),
    ];
    await works[3];
    expect(said).toEqual(['other']);
    first.open();
    await Promise.all(works);
    expect(said).toEqual(['other', 'first', 'both', 'last']);
  });

  it('go on after one that failed', async () => {
    const locks = new Locks();
    await expect(locks.hold(['a'], () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await locks.hold(['a'], () => Promise.resolve(7))).toBe(7);
  });
});
