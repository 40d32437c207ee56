// What happens to a graph in a long run, at random but from a seed, so that a run can be had again.

/** Numbers from 0 to 1 that look random: mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface ChaosOptions {
  readonly everyMs: number;
  readonly seed: number;
  readonly signal: AbortSignal;
  pause(ms: number): Promise<unknown>;
  tell?(name: string): void;
}

/**
 * One event after another, each after a pause of half to one and a half times `everyMs`, until the signal. `acts`: by name,
 * what returns a promise. Counts what was done, and keeps what failed: no event may.
 */
export async function chaos(
  acts: Readonly<Record<string, () => Promise<unknown>>>,
  { everyMs, seed, signal, pause, tell = () => {} }: ChaosOptions,
): Promise<{ done: Record<string, number>; failed: string[] }> {
  const random = randomFrom(seed);
  const names = Object.keys(acts);
  // Dealt as cards are: in a random order, each once before any comes again.
  let deck: string[] = [];
  const done: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const failed: string[] = [];
  while (!signal.aborted) {
    await pause(everyMs * (0.5 + random()));
    if (signal.aborted) break;
    if (deck.length === 0) deck = [...names];
    const [name = ''] = deck.splice(Math.floor(random() * deck.length), 1);
    tell(name);
    try {
      await acts[name]?.();
      done[name] = (done[name] ?? 0) + 1;
    } catch (error) {
      failed.push(`${name}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return { done, failed };
}
