import { StreamlibError } from '../../base/streamlib-error.js';
import { ControlError } from '../control-error.js';
import type { ControlContext } from '../operation.js';

/** Does it; what goes wrong is told in the terms of this API, and code that came to nothing is removed. */
export async function attempt<T>(
  context: ControlContext,
  params: Record<string, unknown> | null,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (params !== null) context.code.forget(params.file);
    if (!(error instanceof StreamlibError)) throw error;
    const invalid = error.code === 'graph' || error.code === 'config';
    throw new ControlError(
      invalid ? 'invalid' : error.code === 'python_file' ? 'code' : 'failed',
      error.message,
      nextOf(error, params, context.origin),
      {},
      { cause: error },
    );
  }
}

function nextOf(
  { code, reason }: StreamlibError,
  params: Record<string, unknown> | null,
  origin: ControlContext['origin'],
): string {
  const parameters = `Correct its parameters${origin === 'agent' ? ', list_processors describes them' : ''}`;
  switch (reason) {
    case 'input_taken':
      return 'Remove the present connection with disconnect_processors first (get_graph shows what feeds the input); nothing was changed.';
    case 'old_not_back':
      return `${parameters}, and replace it again: it is not running now.`;
    case 'unknown_type':
      return `${origin === 'agent' ? 'Use one of the types that list_processors lists' : 'Use one of these, or a file that ends in .py'}; nothing was changed.`;
    case 'parameter':
    case 'old_kept':
      return `${parameters}; nothing was changed.`;
    case null:
      break;
  }
  // Only code has a file of its own here.
  if (code === 'config' || (code === 'subprocess' && params?.file === undefined))
    return `${parameters}; nothing was changed.`;
  return NEXT[code] ?? 'Look at the message and at get_logs; nothing was changed.';
}

const NEXT: Readonly<Record<string, string>> = {
  graph: 'Look at get_graph for the names of processors and ports; nothing was changed.',
  python_file: 'Correct the code and try again; nothing was changed.',
  subprocess: 'Correct the code: it failed when it was started; nothing was changed.',
  python_environment: 'Ask for what is missing with request_package; nothing was changed.',
};
