// One line per step that did something, with the time it took.

import { Missing } from './requirements.js';
import { CommandFailed } from './run.js';
import { digest, forget, isCurrent, markDone } from './stamps.js';

const colour = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code: number, text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

/** What a person reads goes to standard error: standard output belongs to the program that is run afterwards. */
export const say = (text: string) => console.error(text);

export interface Step {
  /** Of the stamp: a file name. */
  readonly name: string;
  readonly title: string;
  /** Files and folders that it reads; those of a folder that `accept` refuses do not count. */
  readonly inputs: readonly string[];
  readonly accept?: (path: string) => boolean;
  /** Whatever else the result depends on. */
  readonly extra?: readonly unknown[];
  readonly outputs: readonly string[];
  /** What to do when it fails. */
  readonly advice: string;
  work(): Promise<unknown>;
}

/** A command of a step failed. */
export class StepFailed extends Error {
  constructor(
    readonly step: Step,
    override readonly cause: unknown,
  ) {
    super(`${step.title} failed`, { cause });
  }
}

/** Does the step unless its result is current. Returns whether it had to. */
export async function perform(step: Step): Promise<boolean> {
  const value = digest(step.inputs, { extra: step.extra, accept: step.accept });
  if (isCurrent(step.name, value, step.outputs)) return false;
  const began = performance.now();
  say(`${paint(36, '…')} ${step.title}`);
  forget(step.name);
  try {
    await step.work();
  } catch (error) {
    throw new StepFailed(step, error);
  }
  markDone(step.name, value);
  say(
    `${paint(32, '✓')} ${step.title} ${paint(2, `(${((performance.now() - began) / 1000).toFixed(1)} s)`)}`,
  );
  return true;
}

/** Tells a failure as a person needs it: what failed, its last words, what to do. */
export function tell(failure: unknown): void {
  const step = failure instanceof StepFailed ? failure.step : null;
  const error = failure instanceof StepFailed ? failure.cause : failure;
  if (error instanceof Missing) {
    say(`${paint(31, '✗')} ${error.message}`);
    return;
  }
  if (!(error instanceof CommandFailed)) {
    say(`${paint(31, '✗')} ${error instanceof Error ? error.stack : String(error)}`);
    return;
  }
  say(`${paint(31, '✗')} ${step?.title ?? 'A command'}: ${error.message}`);
  for (const line of error.lines) say(`    ${line}`);
  if (step !== null) say(`  ${step.advice}`);
}
