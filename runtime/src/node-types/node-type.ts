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
  /** What a graph writes as `node_type`. */
  readonly type: string;
  /** What its nodes do, in one or a few sentences. */
  readonly description: string;
  /** Parameters that work as they stand; empty where there are none to show. */
  readonly examples: readonly NodeExample[];
  /** What to do once a node of this type has been added; one sentence. */
  readonly next: string | null;
  /** Where it comes from. */
  readonly origin: TypeOrigin;
  /** Checks the parameters; its fields carry the markers of `@streamlib/processor`. */
  readonly config: z.ZodType;
  /**
   * What an agent may do: nothing (`denied`, with why), set what the markers of `config` allow (`marked`), or set these
   * parameters and no others, each to whatever it likes.
   */
  readonly agents: AgentRule;
  /** How its nodes are prepared and made. Types that share it are prepared together. */
  readonly kind: NodeKind;
  /**
   * Its ports with checked parameters; null where they can only be found out by running its code (`describe`).
   *
   * @param config - What `config` made of the parameters; undefined where these are not known.
   */
  ports(config: unknown): NodePorts | null;
  /**
   * Finds out ports that `ports()` cannot know. Runs code of the type.
   *
   * @param signal - Gives up when it aborts.
   */
  describe?(signal?: AbortSignal): Promise<NodePorts>;
  /**
   * Files whose change makes it worth replacing the node, absolute.
   *
   * @param params - The parameters of a node, before `config` has checked them.
   * @param folder - The folder that relative paths belong to: that of the manifest.
   */
  files?(params: Readonly<Record<string, unknown>>, folder: string): readonly string[];
}

/** What an agent may do with a node type: see `agents` of `NodeType`. */
export type AgentRule =
  /** It may not use the type; `why` ends the sentence that tells it so. */
  | { readonly may: 'denied'; readonly why: string }
  /** It may set what the markers of the parameters allow. */
  | { readonly may: 'marked' }
  /** It may set the parameters in `keys`, and no others. */
  | { readonly may: 'only'; readonly keys: readonly string[] };

/** A way to run nodes: in this process, as a Python process, on another machine. Nodes of one kind are prepared together. */
export interface NodeKind {
  /**
   * Finds out what each node needs to run. Never rejects for a mistake of one.
   *
   * @param requests - The nodes of this kind.
   * @param context - What they have in common.
   * @returns One outcome for each request, in their order.
   */
  prepare(requests: readonly NodeRequest[], context: PrepareContext): Promise<readonly NodeOutcome[]>;
}

/** A node that is to be prepared. */
export interface NodeRequest {
  /** The node as the graph describes it. */
  readonly spec: NodeSpec;
  /** The type that its `node_type` names. */
  readonly type: NodeType;
  /** As given, with overrides put in and paths made absolute. */
  readonly params: Readonly<Record<string, unknown>>;
  /** What `type.config` made of them; null when they are wrong, which is told already. */
  readonly config: Readonly<{ value: unknown }> | null;
}

/** What all nodes that are prepared together have in common. */
export interface PrepareContext {
  /** Settings are looked for here. */
  readonly folder: string;
  /** Called with each step that takes a while, such as an installation, in words for a person. */
  readonly onProgress: (message: string) => void;
  /** What the code of the only node declares, where somebody has looked already. */
  readonly inspected?: readonly DeclaredProcessor[];
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
}

/** What came of a request. */
export interface NodeOutcome {
  /** Null when so much is wrong that not even its ports are known. */
  readonly prepared: PreparedNode | null;
  /** Everything that is wrong with it; empty where nothing is. */
  readonly issues: readonly NodeIssue[];
}

/** One thing that is wrong with a node. */
export interface NodeIssue {
  /** Within the node: `['params', 'file']`. */
  readonly path: IssuePath;
  /** What is wrong and what to do, for a person. */
  readonly message: string;
  /** False: only this node cannot run. */
  readonly fatal: boolean;
}

/** A node whose type, parameters and ports are known: ready to be made. */
export interface ReadyNode {
  /** Its id in the graph. */
  readonly id: string;
  /** Its `node_type`. */
  readonly type: string;
  /** Null: nothing keeps it from running. */
  readonly failure: null;
  /** Its ports, as its type and its parameters give them. */
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
  /** Its id in the graph. */
  readonly id: string;
  /** Its `node_type`. */
  readonly type: string;
  /** Why it cannot run. */
  readonly failure: Error;
  /** Null: its ports are not known. */
  readonly ports: null;
}

/** A node that was looked at before the graph starts; `failure` tells which of the two it is. */
export type PreparedNode = ReadyNode | FailedPreparation;

/** What the runtime gives a node. */
export interface NodeHost {
  /** The id of the runtime that it belongs to. */
  readonly runtimeId: string;
  /** The broker, as far as a node in another process needs it. */
  readonly broker: HandshakeBroker;
  /** The node's own. */
  readonly log: Logger;
  /** The lowest level that is logged: `debug`, `info`, `warn` or `error`. */
  readonly logLevel: string;
  /** Is told when the state of the node changes. */
  readonly listener: NodeListener;
}
