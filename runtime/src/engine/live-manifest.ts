import { StreamlibError } from '../base/streamlib-error.js';
import type { Override } from '../graph/config/overrides.js';
import type { GraphDifference } from '../graph/diff.js';
import type { ConnectionSpec, GraphIssue, GraphSpec, NodeSpec } from '../graph/spec.js';
import type { ChangeOptions } from './changes.js';
import { ManifestError } from './manifest-error.js';
import { type ManifestFile, readManifest } from './manifest-file.js';
import { applyDifference, type Steps } from './reload.js';

/** Changes of a graph that runs; what a `Runtime` offers everybody. */
interface Edits {
  addNode(id: string, type: string, params: NodeSpec['params'], options: ChangeOptions): Promise<void>;
  replaceNode(id: string, type: string, params: NodeSpec['params'], options: ChangeOptions): Promise<void>;
  removeNode(id: string): Promise<void>;
  connectPorts(from: string, to: string, options: Omit<ConnectionSpec, 'from' | 'to'>): Promise<void>;
  disconnectPorts(from: string, to: string): Promise<void>;
}

/** The graph that a manifest is read again for. */
export interface EditedGraph {
  /** Settles once the graph runs; rejects where it cannot be changed. */
  running(): Promise<unknown>;
  readonly edits: Edits;
  has(id: string): boolean;
}

/** The manifest of a runtime, if it has one: as it was read, and read again while the graph runs. */
export class LiveManifest {
  overrides: readonly Override[] = [];
  private file: ManifestFile | null = null;
  /** As the manifest was last read, where not all of it could be reached. */
  private wanted: GraphSpec | null = null;
  private reloading: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly name: string,
    private readonly filesOf: (nodes: readonly NodeSpec[]) => readonly string[],
  ) {}

  /** Before the start: the manifest that the graph is made of. */
  use(file: ManifestFile, overrides: readonly Override[]): void {
    this.file = file;
    this.overrides = overrides;
  }

  /** What is wrong with it as text, whatever its nodes may be. */
  get issues(): readonly GraphIssue[] {
    return this.file?.issues ?? [];
  }

  /** The Python files that it names, as it was last read. */
  get files(): readonly string[] {
    return this.file === null ? [] : this.filesOf((this.wanted ?? this.file.spec).nodes);
  }

  /** Throws everything that is wrong at once, unless each mistake concerns only one node. */
  refuse(issues: readonly GraphIssue[]): void {
    if (!issues.some((issue) => issue.fatal)) return;
    if (this.file !== null) throw new ManifestError(this.file.locate(issues));
    throw new StreamlibError('graph', issues.map((issue) => issue.message).join('\n'));
  }

  /** One after the other, in the order of the calls. See `Runtime.reload`. */
  reload(path: string, files: ReadonlySet<string>, graph: EditedGraph): Promise<GraphDifference> {
    const before = this.reloading;
    const now = before.catch(() => {}).then(() => this.readAgain(path, files, graph));
    this.reloading = now;
    return now;
  }

  private async readAgain(
    path: string,
    files: ReadonlySet<string>,
    graph: EditedGraph,
  ): Promise<GraphDifference> {
    await graph.running();
    const manifest = readManifest(path);
    if (manifest.issues.length > 0) throw new ManifestError(manifest.locate(manifest.issues));
    this.wanted = manifest.spec;
    const before = this.file?.spec ?? { name: this.name, nodes: [], connections: [] };
    const concerned = (node: NodeSpec) => this.filesOf([node]).some((file) => files.has(file));
    const { difference, wrong, spec } = await applyDifference(
      before,
      manifest.spec,
      this.stepsOf(graph),
      concerned,
    );
    this.file = { ...manifest, spec };
    if (wrong.length > 0) throw new StreamlibError('graph', wrong.join('\n'));
    return difference;
  }

  private stepsOf({ edits, has }: EditedGraph): Steps {
    const how = (id: string) => ({ overrides: this.overrides.filter(({ node }) => node === id) });
    return {
      disconnect: ({ from, to }) => edits.disconnectPorts(from, to),
      remove: ({ id }) => edits.removeNode(id),
      replace: ({ id, node_type, params }) => edits.replaceNode(id, node_type, params, how(id)),
      add: ({ id, node_type, params }) => edits.addNode(id, node_type, params, how(id)),
      connect: ({ from, to, ...rest }) => edits.connectPorts(from, to, rest),
      has,
    };
  }
}
