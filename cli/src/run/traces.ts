import type { TraceOptions } from '@streamlib/runtime';
import { CliError } from '../errors/cli-error.js';

/** What `--traces` and `--traces-ratio` ask for; null: what the environment says. */
export function tracesTo(options: {
  readonly traces?: string | boolean;
  readonly tracesRatio?: string;
}): TraceOptions | null {
  const { traces, tracesRatio } = options;
  if (traces === undefined || traces === false) {
    if (tracesRatio === undefined) return null;
    throw new CliError('usage', '--traces-ratio has no effect without --traces; give --traces as well');
  }
  const ratio = Number(tracesRatio);
  if (tracesRatio !== undefined && (tracesRatio.trim() === '' || !(ratio >= 0 && ratio <= 1)))
    throw new CliError('usage', `--traces-ratio ${tracesRatio} must be a number from 0 to 1`);
  return {
    ...(typeof traces === 'string' && { url: traces }),
    ...(tracesRatio !== undefined && { ratio }),
  };
}
