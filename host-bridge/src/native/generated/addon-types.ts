// Generated from host-bridge/native/src/calls by `npm run generate`. Do not edit.
import type { ConnectionHandlers, ErrorFactory, NativePort } from '../types/callbacks.js';
import type { BufferFactory, TextureFactory } from '../types/handles.js';
import type { NativeId } from '../types/ids.js';
import type { PerFrameCalls } from '../types/per-frame.js';

/** The process at the other end, as the kernel says. */
export interface ConnectionPeer {
  readonly pid: number;
  readonly uid: number;
}

/** What a connection carried, and what it holds. */
export interface ConnectionStats {
  /** Frames that this side sent. */
  readonly framesSent: number;
  /** Frames that came from the peer. */
  readonly framesReceived: number;
  /** Leases of this side's memory that the peer holds. */
  readonly outstanding: number;
  /** Segments of the peer's memory that are mapped here. */
  readonly imported: number;
  /** Leases on their way back to the peer, waiting for a message to travel with. */
  readonly pendingReleases: number;
}

/** What this process holds at the moment. */
export interface DebugCounts {
  /** Open descriptors of the whole process. */
  readonly descriptors: number;
  /** Mappings of shared memory. */
  readonly mappings: number;
  /** Connections that are not closed. */
  readonly connections: number;
  /** References to slots, own and imported. */
  readonly leases: number;
}

/** What a pool holds, and how it was used. */
export interface PoolStats {
  /** Slots that there are so far. */
  readonly slots: number;
  /** Slots that are held neither here nor by a peer. */
  readonly free: number;
  /** Pieces of shared memory that the slots lie in. */
  readonly segments: number;
  /** Loans so far. */
  readonly acquired: number;
  /** How often every slot was in use. */
  readonly refused: number;
}

/** The functions of `streamlib.node`. They throw BridgeErrors. */
export interface Addon extends PerFrameCalls {
  /** Where the broker's gRPC server listens. */
  brokerAddress(): string;
  connectEndpoint(endpoint: NativeId): NativeId;
  connectNamed(path: string): NativeId;
  connectionClose(connection: NativeId): void;
  /** Names the ports of this side. Once; frames can flow from then on. */
  connectionDefinePorts(connection: NativeId, inputs: readonly NativePort[], outputs: readonly NativePort[]): void;
  /** Sends acknowledgements and releases that still wait, in a message of their own. */
  connectionFlush(connection: NativeId): void;
  /** Whether it keeps the process alive. */
  connectionKeepAlive(connection: NativeId, keep: boolean): void;
  connectionPeer(connection: NativeId): ConnectionPeer;
  /** False: too many messages wait, the peer does not read. */
  connectionSendControl(connection: NativeId, message: object, endpoint?: NativeId | null): boolean;
  /** Messages are read from now on. */
  connectionStart(connection: NativeId, handlers: ConnectionHandlers): void;
  connectionStats(connection: NativeId): ConnectionStats;
  debugCounts(): DebugCounts;
  decodeValue(schemaJson: string, bytes: Uint8Array): Record<string, unknown>;
  encodeValue(schemaJson: string, value: object): Uint8Array;
  /** An endpoint that the service manager kept. */
  endpointAdopt(fd: number): NativeId;
  endpointClose(endpoint: NativeId): void;
  /** Called once, before any other function: how an error, a texture and a buffer are made. */
  install(makeError: ErrorFactory, makeTexture: TextureFactory, makeBuffer: BufferFactory): void;
  /** True for a listening socket of the kind that connections are made of. */
  isMessageListener(fd: number): boolean;
  /** A listener that the service manager opened. */
  listenerAdopt(fd: number): NativeId;
  /** A listener that only its endpoints lead to. */
  listenerAnonymous(): NativeId;
  listenerClose(listener: NativeId): void;
  listenerEndpoint(listener: NativeId): NativeId;
  /** Whether it keeps the process alive. */
  listenerKeepAlive(listener: NativeId, keep: boolean): void;
  /** A listener at a path. */
  listenerNamed(path: string): NativeId;
  listenerResume(listener: NativeId): void;
  /** After `onRefused` it accepts no more until `listenerResume`. */
  listenerStart(listener: NativeId, onConnection: (connection: NativeId) => void, onRefused: (why: string) => void): void;
  /** A lock that one process of this user holds at a time. */
  lockAcquire(path: string): NativeId;
  lockRelease(lock: NativeId): void;
  /**
   * The slots of a handle's segment as one ArrayBuffer (without its generations, which are not JavaScript's to write), which
   * keeps the mapping alive. To be asked for once for each mapping, see `segment-views.ts`.
   */
  mappingBuffer(handle: NativeId): ArrayBuffer;
  /** True when nothing but its ArrayBuffer holds a mapping. */
  mappingIdle(mapping: number): boolean;
  /** The system's monotonic clock, in nanoseconds. */
  monotonicNs(): bigint;
  poolClose(pool: NativeId): void;
  poolCreate(maxSlots: number): NativeId;
  poolStats(pool: NativeId): PoolStats;
  /** CPU time of a process in nanoseconds, 0 for this one. */
  processCpuNs(pid: number): number;
  /** The path of the relay's listener. */
  relayPath(): string;
  /** The name under which the service manager knows the broker. */
  serviceName(): string;
  /** Tells the service manager a state, and has it keep an endpoint; null: nothing to keep. */
  serviceNotify(address: string, state: string, endpoint?: NativeId | null): void;
  /** The directory of the broker's state. */
  stateDir(): string;
  /**
   * Where the planes of a picture lie: five numbers for each, offset, stride, width, height, channels. A code is the format's
   * index in the low 8 bits, then 16 bits of colour.
   */
  texturePlanes(width: number, height: number, stride: number, code: number): Array<number>;
}
