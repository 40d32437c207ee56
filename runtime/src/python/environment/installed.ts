import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { z } from 'zod';
import { toError } from '../../base/streamlib-error.js';
import { pythonOf, venvPath } from './locate.js';

/** A processor that a distribution offers by an entry point of the group `streamlib.processors`. */
const processor = z.object({
  name: z.string(),
  distribution: z.string(),
  version: z.string(),
  module: z.string(),
  attribute: z.string(),
  /** The file of the module. */
  file: z.string(),
});
export type InstalledProcessor = z.infer<typeof processor>;

const problem = z.object({
  name: z.string(),
  distribution: z.string(),
  version: z.string(),
  value: z.string(),
  reason: z.string(),
});

const listing = z.object({
  processors: z.array(processor),
  problems: z.array(problem).default([]),
});

export interface Installed {
  readonly processors: readonly InstalledProcessor[];
  /** Entry points that cannot be used, and why, in words. */
  readonly problems: readonly string[];
}

const NONE: Installed = { processors: [], problems: [] };
const MODULE = 'streamlib._process.installed';

/** For an interpreter that starts and reads what is installed; it imports nothing. */
const LIMIT_MS = 30_000;
const LONGEST_LISTING = 4 * 1024 * 1024;

/** What the distributions in the environment offer. Runs none of their code; nothing where there is no environment yet. */
export async function installedProcessors(signal?: AbortSignal): Promise<Installed> {
  const python = pythonOf(venvPath());
  if (!existsSync(python)) return NONE;
  try {
    const { stdout } = await promisify(execFile)(python, ['-m', MODULE], {
      // The folder that this program runs in is not where modules are looked for.
      env: { ...process.env, STREAMLIB_BROKER_TOKEN: undefined, PYTHONSAFEPATH: '1' },
      timeout: LIMIT_MS,
      maxBuffer: LONGEST_LISTING,
      ...(signal && { signal }),
    });
    const { processors, problems } = listing.parse(JSON.parse(stdout));
    return { processors, problems: problems.map(inWords) };
  } catch (error) {
    signal?.throwIfAborted();
    const [why] = toError(error).message.trim().split('\n').slice(-1);
    return {
      processors: [],
      problems: [`${python} could not list the processors that are installed: ${why}`],
    };
  }
}

function inWords({ name, distribution, version, value, reason }: z.infer<typeof problem>): string {
  return `the entry point ${name} = "${value}" of ${distribution} ${version} cannot be used: ${reason}`;
}
