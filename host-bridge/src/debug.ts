import { addon, type DebugCounts } from './native/addon.js';

/** What this process holds at the moment, for tests that look for leaks. */
export function debugCounts(): DebugCounts {
  return addon().debugCounts();
}
