import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { WheelFile } from './types.js';

const wheel = z.object({ path: z.string(), size: z.number(), mtimeMs: z.number() });
const stamp = z.object({
  wheel: wheel.nullable(),
  /** What has been asked for and found installed since the environment last changed: digests of lists of requirements. */
  satisfied: z.array(z.string()),
  installedAt: z.string(),
  /** What it was made for; only of those that never change. */
  requirements: z.array(z.string()).optional(),
});

/** Written when an environment is complete: one without it was never finished. */
export type Stamp = z.infer<typeof stamp>;

export const STAMP_FILE = 'streamlib-env.json';

/** Null where there is none that can be read. */
export function readStamp(environment: string): Stamp | null {
  try {
    return stamp.parse(JSON.parse(readFileSync(join(environment, STAMP_FILE), 'utf8')));
  } catch {
    return null;
  }
}

export function writeStamp(environment: string, content: Stamp): void {
  const path = join(environment, STAMP_FILE);
  writeFileSync(`${path}.new`, JSON.stringify(content));
  renameSync(`${path}.new`, path);
}

/** Notes for an environment that was just made that it is complete. */
export function markReady(environment: string, of: WheelFile | null, requirements?: readonly string[]): void {
  writeStamp(environment, {
    wheel: of,
    satisfied: [digest(requirements ?? [])],
    installedAt: new Date().toISOString(),
    ...(requirements && { requirements: [...requirements] }),
  });
}

export function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}
