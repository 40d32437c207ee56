import type { Colour, PixelFormat, Schema, SharedBuffer, Texture } from '@streamlib/host-bridge';
import type { z } from 'zod';
import type { Logger } from './logger.js';

/** How an input treats frames that come faster than its processor takes them. */
export type Delivery = 'latest' | 'every_sample' | 'lossless';

/** A port's schema, with what an input wants of its queue. Outputs only use the schema. */
export type PortSpec =
  | Schema
  | {
      /** The fields of its frames. */
      readonly schema: Schema;
      /** `latest` by default for frames with a texture, `every_sample` for all others. */
      readonly delivery?: Delivery;
      /** How many frames may wait; 8 by default. With `latest` it is always one. */
      readonly queue?: number;
      /** How many frames the code keeps besides the one it works on, 0 to 200; 0 by default. */
      readonly keep?: number;
    };

/** The fields of a frame by the names of its schema; handles are `Texture` and `SharedBuffer` objects. */
export type FrameValue = Readonly<Record<string, unknown>>;

/** An input of a processor. */
export interface InputHandle {
  /**
   * Takes the next waiting frame of this port, or null. A frame that is taken here is not handed to `process()`.
   * It stays valid until the next `get()` on the port, or until the processor stops.
   */
  get(): FrameValue | null;
}

/** An output of a processor. */
export interface OutputHandle {
  /**
   * Sends a frame to every reader of the port. False: it was dropped and counted, because a lossless reader is full
   * (readers with `latest` or `every_sample` never refuse).
   *
   * A texture or buffer loaned by this port belongs to the frame from here on, also when it was dropped: don't touch or
   * close it again. Any other handle (one of an input frame, say) is shared, not taken: it stays the caller's.
   *
   * @param value - The fields of the frame.
   * @returns False if the frame was dropped.
   * @throws BridgeError `value` for what does not fit the schema.
   */
  set(value: FrameValue): boolean;
  /**
   * As `set()`, but waits for lossless readers to have room. Rejects when the processor is stopped meanwhile.
   *
   * @param value - The fields of the frame.
   */
  write(value: FrameValue): Promise<void>;
  /**
   * Loans a writable texture from this node's pool; null when every slot is in use. Pass it to `set()`/`write()` or `close()`
   * it.
   *
   * @param width - Pixels in a row.
   * @param height - Rows.
   * @param format - Planes, channels and bits; `rgb8` by default.
   * @param colour - What the numbers mean as colours, which travels with the picture; unspecified by default.
   */
  texture(width: number, height: number, format?: PixelFormat, colour?: Partial<Colour>): Texture | null;
  /**
   * Loans writable shared memory from this node's pool; null when every slot is in use.
   *
   * @param byteLength - How many bytes there have to be.
   */
  buffer(byteLength: number): SharedBuffer | null;
  /** False while nobody reads this port: a producer may spare itself the work. */
  readonly connected: boolean;
  /**
   * Counts a frame that the processor itself gave up, for example because `texture()` was null.
   *
   * @param reason - Under this name it is counted.
   * @param count - How many; 1 by default.
   */
  dropped(reason: string, count?: number): void;
}

/** A processor's view of the graph. */
export interface ProcessorContext {
  /** The node's id in the graph. */
  readonly id: string;
  /** The id of the runtime. */
  readonly runtimeId: string;
  /** Its lines appear in the runtime's log under the node's id. */
  readonly log: Logger;
  /** The validated configuration, as given to `create()`. */
  readonly config: unknown;
  /** Aborts when the node is asked to stop: pass it to whatever waits. */
  readonly signal: AbortSignal;
  /** The machine-wide monotonic clock, in nanoseconds: what `timestamp_ns` is counted in. */
  now_ns(): bigint;
  /**
   * An input.
   *
   * @param name - Its name, as the definition has it.
   */
  input(name: string): InputHandle;
  /**
   * An output.
   *
   * @param name - Its name, as the definition has it.
   */
  output(name: string): OutputHandle;
  /**
   * Reports the node as failed; it is stopped, the rest of the graph goes on.
   *
   * @param error - Why; shown in the stats and the log.
   */
  fail(error: Error): void;
  /** A source that has sent its last frame. The run ends when all sources have finished and the queues are drained. */
  finish(): void;
  /**
   * Figures of the processor's own; the newest value of each name shows up in the stats of the node.
   *
   * @param metrics - Numbers by name.
   */
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
  /**
   * Called once, before anything flows.
   *
   * @param ctx - The processor's view of the graph.
   */
  setup?(ctx: ProcessorContext): void | Promise<void>;
  /**
   * Called once, when the graph runs. A source starts its work here, and returns.
   *
   * @param ctx - The processor's view of the graph.
   */
  start?(ctx: ProcessorContext): void | Promise<void>;
  /**
   * Called for each frame, one at a time.
   *
   * @param ctx - The processor's view of the graph.
   * @param port - The name of the input.
   * @param frame - The frame; its handles are closed when this returns or its promise settles.
   */
  process?(ctx: ProcessorContext, port: string, frame: FrameValue): void | Promise<void>;
  /**
   * Called once, when the node is asked to stop.
   *
   * @param ctx - The processor's view of the graph.
   */
  stop?(ctx: ProcessorContext): void | Promise<void>;
  /**
   * Called once, last of all.
   *
   * @param ctx - The processor's view of the graph.
   */
  teardown?(ctx: ProcessorContext): void | Promise<void>;
}

/** Ports by name. */
export type PortSpecs = Readonly<Record<string, PortSpec>>;

/** The ports of a node by their names. */
export interface ProcessorPorts {
  /** The inputs by name; empty for a source. */
  readonly inputs: PortSpecs;
  /** The outputs by name; empty for an end of the graph. */
  readonly outputs: PortSpecs;
}

/** Parameters that make sense together, to learn from. */
export interface NodeExample {
  /** What they are for, in a few words. */
  readonly title: string;
  /** As a manifest has them. */
  readonly params: Readonly<Record<string, unknown>>;
}

/** A node type of your own: its ports, its parameters, and how its processors are made. */
export interface ProcessorDefinition<C = unknown> extends ProcessorPorts {
  /** The name that a manifest uses as `node_type`. */
  readonly type: string;
  /** What it does, for people and agents that choose among types; two or three sentences. */
  readonly description?: string;
  /** Parameters to learn from, the simplest first; none by default. */
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
  /**
   * The ports where they follow from the parameters; takes the place of `inputs` and `outputs`. Must not have effects.
   *
   * @param config - The parameters, validated.
   */
  ports?(config: C): ProcessorPorts;
  /**
   * Makes the processor of one node.
   *
   * @param config - The parameters, validated.
   */
  create(config: C): Processor;
}
