import { createRequire } from 'node:module';
import { BridgeError, type BridgeErrorCode } from '../errors/bridge-error.js';
import type { BufferFactory, TextureFactory } from './handles.js';
import type { NativeId } from './ids.js';
import { nativeHere } from './locate.js';

/** What this process holds of the bridge. */
export interface DebugCounts {
  /** Open descriptors. */
  readonly descriptors: number;
  /** Segments of shared memory that are mapped. */
  readonly mappings: number;
  /** Open connections. */
  readonly connections: number;
  /** Leases of this process on the memory of peers, and of peers on its own. */
  readonly leases: number;
}

/** Name and schema as JSON. */
export type NativePort = readonly [name: string, schema: string];

/** What the addon calls back with; one object for each connection, set when it starts. */
export interface ConnectionHandlers {
  control(message: Record<string, unknown>, endpoint: NativeId | null): void;
  frame(port: number, frameId: number, value: Record<string, unknown>): void;
  unknownPort(port: number): void;
  lost(port: number, frameId: number, why: string): void;
  ack(port: number, frameId: number): void;
  closed(code: string, message: string): void;
}

/** What a connection has carried, and holds. */
export interface ConnectionStats {
  /** Frames that this side sent so far. */
  readonly framesSent: number;
  /** Frames that this side received so far. */
  readonly framesReceived: number;
  /** Leases of this side's memory that the peer holds. */
  readonly outstanding: number;
  /** Segments of the peer's memory that are mapped here. */
  readonly imported: number;
  /** Leases on their way back to the peer, waiting for a message to travel with. */
  readonly pendingReleases: number;
}

/** The slots of a pool. */
export interface PoolStats {
  /** Slots that there are; the pool grows as they are needed. */
  readonly slots: number;
  /** Slots that nobody holds, here or in a peer. */
  readonly free: number;
  /** Memory files that the slots lie in. */
  readonly segments: number;
  /** Loans so far. */
  readonly acquired: number;
  /** How often every slot was in use. */
  readonly refused: number;
}

/** The functions of `streamlib.node`, in the order of `native/src/exports.rs`. They throw BridgeErrors. */
export interface Addon {
  install(makeError: ErrorFactory, makeTexture: TextureFactory, makeBuffer: BufferFactory): void;

  serviceName(): string;
  relayPath(): string;
  stateDir(): string;
  brokerAddress(): string;
  monotonicNs(): bigint;
  processCpuNs(pid: number): number;
  debugCounts(): DebugCounts;

  lockAcquire(path: string): NativeId;
  lockRelease(lock: NativeId): void;

  endpointClose(endpoint: NativeId): void;
  listenerAdopt(fd: number): NativeId;
  endpointAdopt(fd: number): NativeId;
  isMessageListener(fd: number): boolean;
  /** `endpoint` null: nothing to keep. */
  serviceNotify(address: string, state: string, endpoint: NativeId | null): void;
  listenerAnonymous(): NativeId;
  listenerNamed(path: string): NativeId;
  listenerEndpoint(listener: NativeId): NativeId;
  /** After `onRefused` it accepts no more until `listenerResume`. */
  listenerStart(
    listener: NativeId,
    onConnection: (connection: NativeId) => void,
    onRefused: (why: string) => void,
  ): void;
  listenerResume(listener: NativeId): void;
  listenerKeepAlive(listener: NativeId, keep: boolean): void;
  listenerClose(listener: NativeId): void;

  connectEndpoint(endpoint: NativeId): NativeId;
  connectNamed(path: string): NativeId;
  connectionPeer(connection: NativeId): { pid: number; uid: number };
  connectionStart(connection: NativeId, handlers: ConnectionHandlers): void;
  connectionKeepAlive(connection: NativeId, keep: boolean): void;
  connectionDefinePorts(
    connection: NativeId,
    inputs: readonly NativePort[],
    outputs: readonly NativePort[],
  ): void;
  /** False: too many messages wait, the peer does not read. */
  connectionSendControl(connection: NativeId, message: object, endpoint: NativeId | null): boolean;
  connectionSendFrame(connection: NativeId, port: number, frameId: number, value: object): boolean;
  connectionAck(connection: NativeId, port: number, frameId: number): void;
  connectionFlush(connection: NativeId): void;
  connectionStats(connection: NativeId): ConnectionStats;
  connectionClose(connection: NativeId): void;

  poolCreate(maxSlots: number): NativeId;
  poolTexture(pool: NativeId, width: number, height: number, format: number): unknown;
  poolBuffer(pool: NativeId, byteLength: number): unknown;
  poolStats(pool: NativeId): PoolStats;
  poolClose(pool: NativeId): void;

  handleClone(handle: NativeId): NativeId;
  /** True: that was the last use of its mapping, nothing can name it any more. */
  handleClose(handle: NativeId): boolean;
  /** The memory of a mapping as one ArrayBuffer. To be asked once for each mapping, see `segment-views.ts`. */
  mappingBuffer(handle: NativeId): ArrayBuffer;
  mappingIdle(mapping: number): boolean;

  encodeValue(schemaJson: string, value: object): Uint8Array;
  decodeValue(schemaJson: string, bytes: Uint8Array): Record<string, unknown>;
}

type ErrorFactory = (
  code: BridgeErrorCode,
  message: string,
  port: string | undefined,
  field: string | undefined,
  holderPid: number | undefined,
) => BridgeError;

let loaded: Addon | undefined;
let factories: { texture: TextureFactory; buffer: BufferFactory } | undefined;

/** Loaded at first use: what needs only schemas and types works without a built addon. */
export function addon(): Addon {
  return loaded ?? load();
}

/** Called once by the module that has the classes: this one must not import them (they import it). */
export function registerFactories(texture: TextureFactory, buffer: BufferFactory): void {
  factories = { texture, buffer };
}

function load(): Addon {
  if (factories === undefined)
    throw new BridgeError('io', 'The memory classes must be imported before the addon is used');
  const found = nativeHere();
  if ('missing' in found) throw new BridgeError('io', found.missing);
  let binding: Addon;
  try {
    binding = createRequire(import.meta.url)(found.path) as Addon;
  } catch (cause) {
    const because = cause instanceof Error ? cause.message : String(cause);
    const next =
      found.prebuilt === null
        ? 'build it anew with "npm run setup" (or node scripts/bootstrap.mjs scripts/build-native.ts)'
        : 'it is a prebuilt one; if this system is too old for it, build StreamLib from a checkout';
    throw new BridgeError('io', `Could not load the native addon ${found.path} (${because}); ${next}`, {
      cause,
    });
  }
  binding.install(makeError, factories.texture, factories.buffer);
  loaded = binding;
  return binding;
}

/** The addon reports a failure by calling this, so that a BridgeError carries the stack of the call that failed. */
const makeError: ErrorFactory = (code, message, port, field, holderPid) =>
  new BridgeError(code, message, { port, field, holderPid });
