import { z } from 'zod';
import type { CheckReport } from '../python/check/types.js';
import { ControlError } from './control-error.js';
import type { ControlContext } from './operation.js';

export const problemShape = z.object({
  kind: z.string(),
  message: z.string(),
  line: z.number().optional(),
  column: z.number().optional(),
  packages: z.array(z.string()).optional(),
  next: z.string(),
});

interface Link {
  readonly from_processor: string;
  readonly from_port?: string | undefined;
  readonly to_processor: string;
  readonly to_port?: string | undefined;
}

const UNCHECKED: CheckReport = {
  ok: true,
  problems: [],
  ports: { inputs: [], outputs: [] },
  execution: null,
  dryRun: null,
};

/** Has code looked at before it runs. `must`: throws when it has problems. */
export async function checkCode(
  { runtime, services, signal }: ControlContext,
  name: string,
  code: string,
  config: object | undefined,
  links: readonly Link[],
  must = false,
): Promise<CheckReport> {
  const { checker } = services;
  if (checker === null) {
    if (must) return UNCHECKED;
    throw new ControlError(
      'unavailable',
      'this runtime cannot check code',
      'Add it with add_processor: problems are reported then.',
    );
  }
  const knownPorts: Record<string, { direction: 'input' | 'output'; schema: unknown }> = {};
  for (const { spec, declared } of runtime.liveGraph.nodes) {
    if (spec.id === name) continue;
    for (const port of declared?.inputs.values() ?? [])
      knownPorts[`${spec.id}.${port.name}`] = { direction: 'input', schema: port.schema };
    for (const port of declared?.outputs.values() ?? [])
      knownPorts[`${spec.id}.${port.name}`] = { direction: 'output', schema: port.schema };
  }
  const report = await checker.check(code, {
    name,
    connections: links.map((link) => ({
      from_processor: link.from_processor,
      from_port: link.from_port ?? '',
      to_processor: link.to_processor,
      to_port: link.to_port ?? '',
    })),
    knownPorts,
    impliedNames: true,
    ...(config !== undefined && { config: config as Record<string, unknown> }),
    ...(signal !== undefined && { signal }),
  });
  if (!must || report.ok) return report;
  throw new ControlError(
    'code',
    report.problems
      .map(({ line, message }) => (line === undefined ? message : `line ${line}: ${message}`))
      .join('\n'),
    report.problems[0]?.next ?? 'Correct the code and try again.',
    { problems: report.problems },
  );
}
