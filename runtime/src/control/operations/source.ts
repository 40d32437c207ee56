import { z } from 'zod';
import { withValues } from '../../graph/config/overrides.js';
import type { DryRun } from '../../python/check/types.js';
import type { DeclaredProcessor } from '../../python/declared.js';
import { checkAgentParams } from '../agent-policy.js';
import { checkCode } from '../checking.js';
import { ControlError } from '../control-error.js';
import type { ControlContext } from '../operation.js';
import { attempt } from './attempt.js';
import type { Intended } from './connections.js';

/** What a processor is made from, as it is asked for. */
export const source = {
  code: z.string().max(1_000_000).optional().describe('The whole Python file, as text.'),
  language: z.enum(['python']).default('python'),
  config: z.record(z.string(), z.unknown()).optional().describe('What the code finds as ctx.config.'),
  type: z.string().optional().describe('In place of code: a type that list_processors names.'),
  params: z.record(z.string(), z.unknown()).optional().describe('Parameters of that type.'),
};

type Source = {
  code?: string | undefined;
  config?: object | undefined;
  type?: string | undefined;
  params?: object | undefined;
};

/** New code keeps the configuration of the old one, unless it is given its own; what is set by "params" is put over either. */
export function configured<T extends Source>(input: T, old: unknown): T {
  const { config: set, ...params } = { config: undefined, ...input.params };
  const own = { config: input.config ?? old };
  return { ...input, params, ...(set === undefined ? own : withValues(own, { config: set })) };
}

/** What a processor is made from: code is written down and checked, a type's parameters are looked at. */
export async function specOf(
  context: ControlContext,
  name: string,
  given: Source,
  links: readonly Intended[],
): Promise<{
  type: string;
  params: Record<string, unknown>;
  dryRun: DryRun | null;
  inspected?: readonly DeclaredProcessor[];
}> {
  if ((given.code === undefined) === (given.type === undefined))
    throw new ControlError(
      'invalid',
      'give either "code" or "type"',
      'list_processors lists the types and has examples of code.',
    );
  if (given.code === undefined) {
    const type = given.type ?? '';
    const params = await mayUse(context, type, withConfig(given.params, given.config));
    return { type, params, dryRun: null };
  }
  await mayRun(context);
  const report = await checkCode(context, name, given.code, given.config, links, true);
  const params: Record<string, unknown> = {
    ...(context.origin === 'user' && given.params),
    file: context.code.write(name, given.code, report.implied),
    ...(report.declared !== undefined && { processor: report.declared.processor }),
    ...(given.config !== undefined && { config: given.config }),
    ...(context.services.sandbox !== null && { sandbox: true }),
  };
  return {
    type: 'python',
    params,
    dryRun: report.dryRun,
    ...(report.declared !== undefined && { inspected: report.declared.all }),
  };
}

/** Throws where code from outside has no sandbox to run in. */
async function mayRun({ services, origin }: ControlContext): Promise<void> {
  if (origin === 'user' || services.allowUnconfined === true) return;
  const sandbox = await services.sandbox?.();
  if (sandbox?.available === true) return;
  throw new ControlError(
    'denied',
    `code from outside is not run here: ${sandbox?.detail ?? 'this runtime has no sandbox'}`,
    'Tell the user; `streamlib doctor` says what is missing.',
  );
}

/** Parameters with the configuration among them, so that nothing is set that is not looked at. */
export function withConfig(params: object | undefined, config: object | undefined): Record<string, unknown> {
  return { ...params, ...(config !== undefined && { config }) };
}

/** The parameters that a caller may give a type: all of them, unless it is an agent. Throws for a type that there is not. */
export async function mayUse(
  context: ControlContext,
  name: string,
  params: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const { runtime, origin, grants, signal } = context;
  if (origin === 'user') return params;
  const type = await attempt(context, null, () => runtime.nodeType(name, signal));
  return checkAgentParams(type, params, grants);
}
