import { Child, type ChildExit } from '../../process/child.js';

export interface ToolRun {
  readonly exit: ChildExit;
  readonly output: readonly string[];
}

const KEPT_LINES = 200;

/** Runs a tool to its end, line by line; stopped with its whole group when `signal` aborts. */
export function runTool(
  command: string,
  args: readonly string[],
  options: {
    env?: NodeJS.ProcessEnv;
    cwd?: string;
    onLine?: (line: string) => void;
    signal?: AbortSignal | undefined;
  },
): Promise<ToolRun> {
  return new Promise((resolve) => {
    const output: string[] = [];
    const abort = () => child.signalGroup('SIGKILL');
    const child = new Child({
      command,
      args,
      env: options.env ?? process.env,
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      onLine: (_stream, line) => {
        output.push(line);
        if (output.length > KEPT_LINES) output.shift();
        options.onLine?.(line);
      },
      onExit: (exit) => {
        options.signal?.removeEventListener('abort', abort);
        resolve({ exit, output });
      },
    });
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) abort();
  });
}
