import { StreamlibError } from '../../base/streamlib-error.js';
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
      nextOf(error, params, context.origin),
      {},
      { cause: error },
    );
  }
}

function nextOf(
  { code, message }: StreamlibError,
  params: Record<string, unknown> | null,
  origin: ControlContext['origin'],
): string {
  const parameters = `Correct its parameters${origin === 'agent' ? ', list_processors describes them' : ''}`;
  if (/already has a connection/.test(message))
    return 'Remove the present connection with disconnect_processors first (get_graph shows what feeds the input); nothing was changed.';
  if (/the old one did not come up again/.test(message))
    return `${parameters}, and replace it again: it is not running now.`;
  if (/^unknown node type/.test(message))
    return `${origin === 'agent' ? 'Use one of the types that list_processors lists' : 'Use one of these, or a file that ends in .py'}; nothing was changed.`;
  const ofParameters = code === 'config' || /\bparameter "|; the old one goes on$/.test(message);
  // Only code has a file of its own here.
  if (ofParameters || (code === 'subprocess' && params?.file === undefined))
    return `${parameters}; nothing was changed.`;
  return NEXT[code] ?? 'Look at the message and at get_logs; nothing was changed.';
}

const NEXT: Readonly<Record<string, string>> = {
  graph: 'Look at get_graph for the names of processors and ports; nothing was changed.',
  python_file: 'Correct the code and try again; nothing was changed.',
  subprocess: 'Correct the code: it failed when it was started; nothing was changed.',
  python_environment: 'Ask for what is missing with request_package; nothing was changed.',
};
