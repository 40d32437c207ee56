import { isDeepStrictEqual } from 'node:util';
import type { Runtime } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatLine } from '../logs/line.js';
import type { Io } from '../output/io.js';
import { runWith } from '../run/run.js';
import { FileWatch } from './file-watch.js';

export interface DevOptions {
  readonly set?: readonly string[];
  readonly level?: string;
}

/** Runs a graph and keeps it as its files say: what changed is replaced while frames flow, and what is wrong changes nothing. */
export async function dev(io: Io, graph: string, options: DevOptions): Promise<ExitCode> {
  let watch: FileWatch | null = null;
  const code = await runWith(io, graph, options, { live: true }, (runtime, tell) => {
    watch = new FileWatch(graph, (files) => void keepUp(runtime, graph, io, files, watch, tell));
    watch.follow(watched(runtime));
    tell(io.errPalette.dim('Watching its files; Ctrl-C stops.'));
  });
  (watch as FileWatch | null)?.close();
  return code === EXIT.failure ? EXIT.ok : code;
}

async function keepUp(
  runtime: Runtime,
  graph: string,
  io: Io,
  changed: { readonly manifest: boolean; readonly files: ReadonlySet<string> },
  watch: FileWatch | null,
  tell: (line: string) => void,
): Promise<void> {
  const attempt = async (what: string, change: () => Promise<unknown>) => {
    const began = performance.now();
    try {
      await change();
      tell(`${what} (${Math.round(performance.now() - began)} ms)`);
    } catch (error) {
      tell(
        formatLine(
          {
            time: Date.now(),
            level: 'error',
            processor: null,
            message: String((error as Error).message),
            fields: {},
          },
          io.errPalette,
        ),
      );
    }
  };
  // A file of a node that does not run yet, or not with this file: what failed with it is tried again.
  const running = filesOf(runtime);
  const waited = [...changed.files].some((file) => !running.includes(file));
  const before = new Map(runtime.graph.nodes.map(({ id, params }) => [id, params]));
  if (changed.manifest || waited) await attempt('the graph is as its file says', () => runtime.reload(graph));
  // What the graph's file has just changed or added runs with its file as it is now.
  const nodes = runtime.graph.nodes.filter(
    ({ id, params }) =>
      typeof params.file === 'string' &&
      changed.files.has(params.file) &&
      isDeepStrictEqual(params, before.get(id)),
  );
  await Promise.all(
    nodes.map(({ id, node_type, params }) =>
      attempt(`${id} was replaced`, () => runtime.replaceNode(id, node_type, params)),
    ),
  );
  watch?.follow(watched(runtime));
}

/** Also those that the manifest names and that do not run: a mistake in one of them is mended there. */
function watched(runtime: Runtime): string[] {
  return [...new Set([...filesOf(runtime), ...runtime.manifestFiles])];
}

function filesOf(runtime: Runtime): string[] {
  return runtime.graph.nodes.flatMap(({ node_type, params }) =>
    node_type === 'python' && typeof params.file === 'string' ? [params.file] : [],
  );
}
