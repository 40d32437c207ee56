import type { PixelFormat, Schema, SharedBuffer, Texture } from '@streamlib/host-bridge';
import type { z } from 'zod';
import type { Logger } from './logger.js';

/** How an input treats frames that come faster than its processor takes them. */
export type Delivery = 'latest' | 'every_sample' | 'lossless';

/** A port's schema, with what an input wants of its queue. Outputs only use the schema. */
export type PortSpec =
  | Schema
  | { readonly schema: Schema; readonly delivery?: Delivery; readonly queue?: number };

/** The fields of a frame by the names of its schema; handles are `Texture` and `SharedBuffer` objects. */
export type FrameValue = Readonly<Record<string, unknown>>;

export interface InputHandle {
  /**
   * Takes the next waiting frame of this port, or null. A frame that is taken here is not handed to `process()`.
   * It stays valid until the next `get()` on the port, or until the processor stops.
   */
  get(): FrameValue | null;
}

export interface OutputHandle {
  /**
   * Sends a frame to every reader of the port. False: it was dropped and counted, because a lossless reader is full
   * (readers with `latest` or `every_sample` never refuse).
   *
   * A texture or buffer loaned by this port belongs to the frame from here on, also when it was dropped: don't touch or
   * close it again. Any other handle (one of an input frame, say) is shared, not taken: it stays the caller's.
   */
  set(value: FrameValue): boolean;
  /** As `set()`, but waits for lossless readers to have room. Rejects when the processor is stopped meanwhile. */
  write(value: FrameValue): Promise<void>;
  /** Loans a writable texture from this node's pool; null when every slot is in use. Pass it to `set()`/`write()` or `close()` it. */
  texture(width: number, height: number, format?: PixelFormat): Texture | null;
  /** Loans writable shared memory from this node's pool; null when every slot is in use. */
  buffer(byteLength: number): SharedBuffer | null;
  /** False while nobody reads this port: a producer may spare itself the work. */
  readonly connected: boolean;
  /** Counts a frame that the processor itself gave up, for example because `texture()` was null. */
  dropped(reason: string, count?: number): void;
}

export interface ProcessorContext {
  /** The node's id in the graph. */
  readonly id: string;
  readonly runtimeId: string;
  readonly log: Logger;
  /** The validated configuration, as given to `create()`. */
  readonly config: unknown;
  /** Aborts when the node is asked to stop: pass it to whatever waits. */
  readonly signal: AbortSignal;
  /** The machine-wide monotonic clock, in nanoseconds: what `timestamp_ns` is counted in. */
  now_ns(): bigint;
  input(name: string): InputHandle;
  output(name: string): OutputHandle;
  /** Reports the node as failed; it is stopped, the rest of the graph goes on. */
  fail(error: Error): void;
  /** A source that has sent its last frame. The run ends when all sources have finished and the queues are drained. */
  finish(): void;
  /** Figures of the processor's own; the newest value of each name shows up in the stats of the node. */
  report(metrics: Readonly<Record<string, number>>): void;
}

/**
 * What a node does. Every hook is optional and may be asynchronous, except that `process()` runs one frame at a time.
 * `setup` of all nodes → `start` of all nodes → `process` for each frame → `stop` → `teardown`.
 * `start()` of a source must not wait for its last frame: it starts the work and returns.
 * A frame given to `process` is closed by the runtime when it returns or its promise settles: `clone()` a handle to keep it.
 * An exception in `process` counts as an error of the node and loses that frame; one in `setup` or `start` fails the node.
 */
export interface Processor {
  setup?(ctx: ProcessorContext): void | Promise<void>;
  start?(ctx: ProcessorContext): void | Promise<void>;
  process?(ctx: ProcessorContext, port: string, frame: FrameValue): void | Promise<void>;
  stop?(ctx: ProcessorContext): void | Promise<void>;
  teardown?(ctx: ProcessorContext): void | Promise<void>;
}

export type PortSpecs = Readonly<Record<string, PortSpec>>;

/** The ports of a node by their names. */
export interface ProcessorPorts {
  readonly inputs: PortSpecs;
  readonly outputs: PortSpecs;
}

/** Parameters that make sense together, to learn from. */
export interface NodeExample {
  readonly title: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A type of node that runs in the runtime's own process. */
export interface ProcessorDefinition<C = unknown> extends ProcessorPorts {
  /** The name that a manifest uses as `node_type`. */
  readonly type: string;
  /** What it does, for people and agents that choose among types; two or three sentences. */
  readonly description?: string;
  readonly examples?: readonly NodeExample[];
  /** What to do once a node of this type has been added; one sentence. */
  readonly next?: string;
  /**
   * Validates and types `params`. Mark every text field with what it names (`filePath()`, `device()`, `network()`, `secret()`,
   * `agentText()`): agents may not set a text without a marker.
   */
  readonly config: z.ZodType<C>;
  /** `denied`: only the user may add a node of this type; `allowed` by default, with parameters as their markers say. */
  readonly agents?: 'allowed' | 'denied';
  /** How many frames this node may have in flight at most (slots of its pool); 16 by default. */
  readonly poolSlots?: number;
  /** The ports where they follow from the parameters; takes the place of `inputs` and `outputs`. Must not have effects. */
  ports?(config: C): ProcessorPorts;
  create(config: C): Processor;
}
