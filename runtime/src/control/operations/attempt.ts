import { StreamlibError } from '../../errors/streamlib-error.js';
import { ControlError } from '../control-error.js';
import type { ControlContext } from '../operation.js';

/** Does it; what goes wrong is told in the terms of this API, and code that came to nothing is removed. */
export async function attempt(
  context: ControlContext,
  params: Record<string, unknown> | null,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (params !== null) context.code.forget(params.file);
    if (!(error instanceof StreamlibError)) throw error;
    const invalid = error.code === 'graph' || error.code === 'config';
    throw new ControlError(
      invalid ? 'invalid' : error.code === 'python_file' ? 'code' : 'failed',
      error.message,
      nextOf(error, params),
      {},
      { cause: error },
    );
  }
}

function nextOf(error: StreamlibError, params: Record<string, unknown> | null): string {
  if (/already has a connection/.test(error.message))
    return 'Take the present connection out with disconnect_processors first (get_graph tells what feeds the input); nothing was changed.';
  // Only code has a file of its own here.
  if (error.code === 'subprocess' && params?.file === undefined)
    return 'Correct its parameters, list_processors describes them; nothing was changed.';
  return NEXT[error.code] ?? 'Look at the message and at get_logs; nothing was changed.';
}

const NEXT: Readonly<Record<string, string>> = {
  graph: 'Look at get_graph for the names of processors and ports; nothing was changed.',
  python_file: 'Correct the code and try again; nothing was changed.',
  subprocess: 'Correct the code, it failed when it was started; nothing was changed.',
  python_environment: 'Ask for what is missing with request_package; nothing was changed.',
};
