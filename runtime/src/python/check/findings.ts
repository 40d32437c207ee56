import { z } from 'zod';
import { toldProcessor } from '../inspect/inspect.js';

const place = z.number().nullish();

/** What `streamlib._process.check` writes, a line of JSON each. */
const finding = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('syntax'), message: z.string(), line: place, column: place, text: z.string() }),
  z.object({
    kind: z.literal('missing'),
    modules: z.array(z.object({ module: z.string(), package: z.string(), line: z.number() })).min(1),
  }),
  z.object({ kind: z.literal('implied'), names: z.array(z.string()).min(1), line: z.number() }),
  z.object({
    kind: z.literal('import'),
    type: z.string(),
    message: z.string(),
    traceback: z.string().nullish(),
    line: place,
  }),
  z.object({
    kind: z.literal('processors'),
    chosen: z.string().nullable(),
    processors: z.array(toldProcessor),
  }),
  z.object({
    kind: z.literal('dry_run'),
    setup_milliseconds: z.number(),
    milliseconds: z.number().nullable(),
    outputs: z.record(z.string(), z.string()),
    errors: z.array(
      z.object({
        phase: z.string().nullish(),
        error_type: z.string().nullish(),
        message: z.string().nullish(),
        traceback: z.string().nullish(),
      }),
    ),
    problem: z.string().nullable(),
  }),
  z.object({ kind: z.literal('trial_failed'), message: z.string() }),
  z.object({ kind: z.literal('end') }),
]);
export type Finding = z.infer<typeof finding>;
export type FoundProcessors = Extract<Finding, { kind: 'processors' }>;

/** Lines that are none of these are passed over: the code under test holds the same descriptor. */
export function readFindings(text: string): Finding[] {
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = finding.safeParse(JSON.parse(line));
      return parsed.success ? [parsed.data] : [];
    } catch {
      return [];
    }
  });
}
