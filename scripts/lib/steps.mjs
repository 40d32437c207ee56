// One line per step that did something, with the time it took.

import { Missing } from './requirements.mjs';
import { CommandFailed } from './run.mjs';
import { digest, forget, isCurrent, markDone } from './stamps.mjs';

const colour = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);

/** What a person reads goes to standard error: standard output belongs to the program that is run afterwards. */
export const say = (text) => console.error(text);

/**
 * @param {{ name: string, title: string, inputs: string[], outputs: string[], accept?: (path: string) => boolean, extra?: unknown[],
 *           needed?: () => boolean, advice: string, work: () => Promise<unknown> }} step
 */
export async function perform(step) {
  const value = digest(step.inputs, { extra: step.extra, accept: step.accept });
  if (step.needed ? !step.needed() : isCurrent(step.name, value, step.outputs)) return false;
  const began = performance.now();
  say(`${paint(36, '…')} ${step.title}`);
  forget(step.name);
  try {
    await step.work();
  } catch (error) {
    error.step = step;
    throw error;
  }
  markDone(step.name, value);
  say(
    `${paint(32, '✓')} ${step.title} ${paint(2, `(${((performance.now() - began) / 1000).toFixed(1)} s)`)}`,
  );
  return true;
}

/** Tells a failure as a person needs it: what failed, its last words, what to do. */
export function tell(error) {
  if (error instanceof Missing) {
    say(`${paint(31, '✗')} ${error.message}`);
    return;
  }
  if (!(error instanceof CommandFailed)) {
    say(`${paint(31, '✗')} ${error.stack}`);
    return;
  }
  say(`${paint(31, '✗')} ${error.step?.title ?? 'A command'}: ${error.message}`);
  for (const line of error.lines) say(`    ${line}`);
  if (error.step?.advice) say(`  ${error.step.advice}`);
}
