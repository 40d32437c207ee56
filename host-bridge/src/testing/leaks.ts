import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type DebugCounts, debugCounts } from '../index.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After each test of the file: descriptors, mappings, connections and leases are back at what they were before it. */
export function expectNoLeaks(): void {
  let before: DebugCounts;
  beforeEach(() => {
    before = settled();
  });
  afterEach(async () => {
    await vi.waitFor(() => expect(excess(before)).toEqual({}), { timeout: 3000, interval: 5 });
  });
}

/** Mappings that JavaScript has looked at go with their ArrayBuffer, when it is collected. */
function settled(): DebugCounts {
  collect();
  return debugCounts();
}

function excess(before: DebugCounts): Partial<DebugCounts> {
  const now = settled();
  const names = ['descriptors', 'mappings', 'connections', 'leases'] as const;
  return Object.fromEntries(
    names.filter((name) => now[name] > before[name]).map((name) => [name, now[name]]),
  );
}
