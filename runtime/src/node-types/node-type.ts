import type { NodeExample } from '@streamlib/processor';
import type { z } from 'zod';
import type { Logger } from '../base/log/logger.js';
import type { HandshakeBroker } from '../broker/session.js';
import type { NodePorts } from '../graph/ports.js';
import type { IssuePath, NodeSpec } from '../graph/spec.js';
import type { GraphNode, NodeListener } from '../node/node.js';
import type { DeclaredProcessor } from '../python/declared.js';

/** Where a node type comes from. */
export type TypeOrigin =
  /** The runtime itself, or the program that uses it. */
  | { readonly kind: 'runtime' | 'program' }
  | {
      /** A package of npm, or a distribution in the Python environment. */
      readonly kind: 'npm' | 'python';
      readonly package: string;
      readonly version: string;
    };

/** What may be written as `node_type`: what it is, which parameters it takes, and which kind of node it makes. */
export interface NodeType {
  readonly type: string;
  readonly description: string;
  readonly examples: readonly NodeExample[];
  /** What to do once a node of this type has been added; one sentence. */
  readonly next: string | null;
  readonly origin: TypeOrigin;
  /** Checks the parameters; its fields carry the markers of `@streamlib/processor`. */
  readonly config: z.ZodType;
  /**
   * What an agent may do: nothing (`denied`, with why), set what the markers of `config` allow (`marked`), or set these
   * parameters and no others, each to whatever it likes.
   */
  readonly agents: AgentRule;
  readonly kind: NodeKind;
  /** Its ports with checked parameters; null where they can only be found out by running its code (`describe`). */
  ports(config: unknown): NodePorts | null;
  /** Finds out ports that `ports()` cannot know. Runs code of the type. */
  describe?(signal?: AbortSignal): Promise<NodePorts>;
  /** Files whose change makes it worth replacing the node, absolute. */
  files?(params: Readonly<Record<string, unknown>>, folder: string): readonly string[];
}

export type AgentRule =
  | { readonly may: 'denied'; readonly why: string }
  | { readonly may: 'marked' }
  | { readonly may: 'only'; readonly keys: readonly string[] };

/** A way to run nodes: in this process, as a Python process, on another machine. Nodes of one kind are prepared together. */
export interface NodeKind {
  /** Finds out what each node needs to run; one outcome for each request, in their order. Never rejects for a mistake of one. */
  prepare(requests: readonly NodeRequest[], context: PrepareContext): Promise<readonly NodeOutcome[]>;
}

export interface NodeRequest {
  readonly spec: NodeSpec;
  readonly type: NodeType;
  /** As given, with overrides put in and paths made absolute. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What `type.config` made of them; null when they are wrong, which is told already. */
  readonly config: Readonly<{ value: unknown }> | null;
}

export interface PrepareContext {
  /** Settings are looked for here. */
  readonly folder: string;
  readonly onProgress: (message: string) => void;
  /** What the code of the only node declares, where somebody has looked already. */
  readonly inspected?: readonly DeclaredProcessor[];
  readonly signal?: AbortSignal;
}

export interface NodeOutcome {
  readonly prepared: PreparedNode | null;
  readonly issues: readonly NodeIssue[];
}

/** One thing that is wrong with a node. */
export interface NodeIssue {
  /** Within the node: `['params', 'file']`. */
  readonly path: IssuePath;
  readonly message: string;
  /** False: only this node cannot run. */
  readonly fatal: boolean;
}

/** A node whose type, parameters and ports are known: ready to be made. */
export interface ReadyNode {
  readonly id: string;
  readonly type: string;
  readonly failure: null;
  readonly ports: NodePorts;
  /** What to do once it has been added; see `NodeType`. */
  readonly next: string | null;
  /** See `GraphNode`. */
  readonly setUpTakesTime: boolean;
  /** False: all its frames pass the runtime, even where the node at the other end could be reached directly. */
  readonly direct: boolean;
  /** Tries the code with one synthetic frame, and tells what went wrong; left out where there is nothing to try. */
  readonly tryOut?: (signal?: AbortSignal) => Promise<readonly NodeIssue[]>;
  /** `ports` are those above, with the delivery that connections ask for. Nothing runs yet. */
  readonly make: (ports: NodePorts, host: NodeHost) => GraphNode;
}

/** One that cannot run, while the rest of the graph can. */
export interface FailedPreparation {
  readonly id: string;
  readonly type: string;
  readonly failure: Error;
  readonly ports: null;
}

export type PreparedNode = ReadyNode | FailedPreparation;

/** What the runtime gives a node. */
export interface NodeHost {
  readonly runtimeId: string;
  readonly broker: HandshakeBroker;
  /** The node's own. */
  readonly log: Logger;
  readonly logLevel: string;
  readonly listener: NodeListener;
}
