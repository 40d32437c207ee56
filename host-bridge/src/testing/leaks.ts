import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeAll, expect, vi } from 'vitest';
import { type DebugCounts, debugCounts } from '../index.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const names = ['descriptors', 'mappings', 'connections', 'leases'] as const;
const open: { close(): void }[] = [];

/** Closes it when the test ends, however it ends: one test that fails must not look like a leak in the next. */
export function closing<T extends { close(): void }>(thing: T): T {
  open.push(thing);
  return thing;
}

/** After each test of the file: descriptors, mappings, connections and leases are back at what they were before it. */
export function expectNoLeaks(): void {
  let before: DebugCounts;
  beforeAll(() => {
    before = settled();
  });
  afterEach(async () => {
    for (const thing of open.splice(0).reverse()) thing.close();
    try {
      await vi.waitFor(() => expect(excess(before)).toEqual({}), { timeout: 3000, interval: 5 });
    } catch (error) {
      // Told once, at the test that did it.
      before = settled();
      throw error;
    }
  });
}

/** Mappings that JavaScript has looked at go with their ArrayBuffer, when it is collected. */
export function settled(): DebugCounts {
  collect();
  return debugCounts();
}

/** A collection takes longer than most tests, so it is asked for only where something is left. */
function excess(before: DebugCounts): Partial<DebugCounts> {
  const found = over(before, debugCounts());
  return Object.keys(found).length === 0 ? found : over(before, settled());
}

function over(before: DebugCounts, now: DebugCounts): Partial<DebugCounts> {
  return Object.fromEntries(
    names.filter((name) => now[name] > before[name]).map((name) => [name, now[name]]),
  );
}
