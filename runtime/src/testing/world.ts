import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { debugCounts } from '@streamlib/host-bridge';
import { expect } from 'vitest';
import type { LogLine } from '../base/log/logger.js';
import type { NodeEvent, RuntimeOptions } from '../engine/api.js';
import { Runtime } from '../engine/runtime.js';

export function pythonFile(name: string): string {
  return fileURLToPath(new URL(`./python/${name}`, import.meta.url));
}

export interface Watched {
  readonly runtime: Runtime;
  readonly lines: LogLine[];
  readonly events: NodeEvent[];
  /** Settles when a node gets into a state; at once if it has been in it. */
  reaches(node: string, state: NodeEvent['state'], times?: number): Promise<NodeEvent>;
}

/** A runtime whose log and events are kept. */
export function watched(options: RuntimeOptions = {}): Watched {
  const runtime = new Runtime({ name: 'test', logLevel: 'debug', ...options });
  const lines: LogLine[] = [];
  const events: NodeEvent[] = [];
  const waiting: (() => void)[] = [];
  runtime.on('log', (line) => lines.push(line));
  runtime.on('node', (event) => {
    events.push(event);
    for (const look of waiting) look();
  });
  return {
    runtime,
    lines,
    events,
    reaches: (node, state, times = 1) =>
      new Promise((resolve) => {
        const look = () => {
          const found = events.filter((event) => event.node === node && event.state === state)[times - 1];
          if (found !== undefined) resolve(found);
        };
        waiting.push(look);
        look();
      }),
  };
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** What this process holds, without what only waits for the garbage collector (mappings that JavaScript has looked at). */
export function held(): ReturnType<typeof debugCounts> {
  collect();
  return debugCounts();
}

/** Everything that a graph took has been given back. */
export async function expectNothingLeft(before: ReturnType<typeof debugCounts>): Promise<void> {
  const excess = () => {
    const now = held();
    const names = ['descriptors', 'mappings', 'connections', 'leases'] as const;
    return Object.fromEntries(
      names.filter((name) => now[name] > before[name]).map((name) => [name, now[name]]),
    );
  };
  await expect.poll(excess, { timeout: 5_000 }).toEqual({});
}
