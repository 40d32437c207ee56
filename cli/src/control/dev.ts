import { basename } from 'node:path';
import {
  type ConnectionSpec,
  type GraphDifference,
  type NodeSpec,
  type Runtime,
  StreamlibError,
} from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatLine } from '../logs/line.js';
import type { Io } from '../output/io.js';
import { runWith } from '../run/run.js';
import { type Changed, FileWatch } from './file-watch.js';

export interface DevOptions {
  readonly set?: readonly string[];
  readonly level?: string;
}

/** Runs a graph and keeps it as its files say: what changed is replaced while frames flow, and what is wrong changes nothing. */
export async function dev(io: Io, graph: string, options: DevOptions): Promise<ExitCode> {
  let follower: Follower | null = null;
  const code = await runWith(io, graph, options, { live: true, tryOut: true }, (runtime, tell) => {
    follower = new Follower(runtime, graph, io, tell);
    tell(io.errPalette.dim('Watching its files; Ctrl-C stops.'));
  });
  (follower as Follower | null)?.close();
  return code === EXIT.failure ? EXIT.ok : code;
}

/** Keeps a running graph as its files say. */
class Follower {
  private readonly watch: FileWatch;
  /** What has changed and does not run, as something was wrong with it. */
  private readonly behind = new Set<string>();

  constructor(
    private readonly runtime: Runtime,
    private readonly graph: string,
    private readonly io: Io,
    private readonly tell: (line: string) => void,
  ) {
    this.watch = new FileWatch(graph, (changed) => void this.follow(changed));
    this.watch.follow(watched(runtime));
  }

  close(): void {
    this.watch.close();
  }

  private async follow({ manifest, files }: Changed): Promise<void> {
    const { runtime, graph } = this;
    const all = new Set([...files, ...this.behind]);
    // A file of a node that does not run yet, or not with this file: what failed with it is tried again.
    const running = filesOf(runtime);
    const waited = [...files].some((file) => !running.includes(file));
    if (manifest || waited) {
      const done = await this.attempt(async () => saidOf(graph, await runtime.reload(graph, all)));
      for (const file of all) this.note(file, done);
    }
    // Also those that somebody has added who did not write them into the graph's file.
    const named = manifest || waited ? runtime.manifestFiles : [];
    const rest = runtime.graph.nodes.filter(
      ({ params }) => files.has(fileOf(params)) && !named.includes(fileOf(params)),
    );
    await Promise.all(
      rest.map(async (node) => {
        this.note(fileOf(node.params), await this.attempt(() => this.replace(node)));
      }),
    );
    this.watch.follow(watched(runtime));
  }

  private async replace({ id, node_type, params }: NodeSpec): Promise<string> {
    try {
      await this.runtime.replaceNode(id, node_type, params);
    } catch (error) {
      const file = fileOf(params);
      const may = error instanceof StreamlibError && error.code === 'graph';
      if (!may || !this.runtime.manifestFiles.includes(file)) throw error;
      // It does not fit its connections any more: where the graph's file leaves their ports open, it may.
      await this.runtime.reload(this.graph, new Set([file]));
    }
    return `${id} was replaced`;
  }

  private note(file: string, done: boolean): void {
    if (done) this.behind.delete(file);
    else this.behind.add(file);
  }

  private async attempt(change: () => Promise<string>): Promise<boolean> {
    const began = performance.now();
    try {
      const what = await change();
      this.tell(`${what} (${Math.round(performance.now() - began)} ms)`);
      return true;
    } catch (error) {
      const message = String((error as Error).message);
      const line = { time: Date.now(), level: 'error', processor: null, message, fields: {} } as const;
      this.tell(formatLine(line, this.io.errPalette));
      return false;
    }
  }
}

/** What was changed by other means since, and what the file says as before, stays as it is: so it is told what was done. */
function saidOf(graph: string, { disconnect, remove, replace, add, connect }: GraphDifference): string {
  const link = ({ from, to }: ConnectionSpec) => `${from} → ${to}`;
  const done = [
    ...disconnect.map((each) => `${link(each)} disconnected`),
    ...remove.map(({ id }) => `${id} removed`),
    ...replace.map(({ id }) => `${id} replaced`),
    ...add.map(({ id }) => `${id} added`),
    ...connect.map((each) => `${link(each)} connected`),
  ];
  return `${basename(graph)}: ${done.length === 0 ? 'no changes to the graph' : done.join(', ')}`;
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

function fileOf(params: Readonly<Record<string, unknown>>): string {
  return typeof params.file === 'string' ? params.file : '';
}
