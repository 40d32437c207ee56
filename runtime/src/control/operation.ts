import type { z } from 'zod';
import type { Runtime } from '../engine/runtime.js';
import type { CodeStore } from './code-store.js';
import type { Grants } from './granted.js';
import type { LogRing } from './log-ring.js';
import type { Services } from './services.js';

/** Who asks. What an agent brings is code from outside; what the user names on a command line is the user's own. */
export type Origin = 'user' | 'agent';

export interface ControlContext {
  readonly runtime: Runtime;
  readonly services: Services;
  readonly code: CodeStore;
  readonly logs: LogRing;
  readonly origin: Origin;
  /** What an agent may name; see `checkAgentParams`. */
  readonly grants: Grants;
  readonly signal?: AbortSignal;
}

/** One thing that can be asked of a running runtime: over the control API, from the CLI, and as a tool over MCP. */
export interface Operation<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** Its name, as `call` takes it: `add_processor`. */
  readonly name: string;
  /** Its name for people. */
  readonly title: string;
  /** For an agent that never saw the project: what it does, and when to use it. */
  readonly description: string;
  /** The schema of its arguments. */
  readonly input: I;
  /** The schema of its result. */
  readonly output: O;
  /** True if it changes nothing. */
  readonly readOnly: boolean;
  /**
   * Performs it.
   *
   * @param context - The runtime, and who asks.
   * @param input - Arguments that fit `input`.
   */
  run(context: ControlContext, input: z.infer<I>): Promise<z.input<O>>;
}

/** Gives an operation the types of its schemas. */
export function operation<I extends z.ZodObject, O extends z.ZodObject>(
  definition: Operation<I, O>,
): Operation {
  return definition as unknown as Operation;
}
