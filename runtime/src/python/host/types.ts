import type { ControlValue, Endpoint, Schema } from '@streamlib/host-bridge';
import type { Delivery } from '@streamlib/processor';
import type { Logger } from '../../base/log/logger.js';
import type { HandshakeBroker } from '../../broker/session.js';
import type { PythonKind } from '../../processor/kind.js';
import type { DirectReaders, LinkMessage } from '../links/messages.js';
import type { Tally } from '../links/tally.js';
import type { Confinement } from '../sandbox/sandbox.js';
import type { SparePool } from '../spare/pool.js';

export interface BridgePorts {
  readonly inputs: readonly {
    readonly name: string;
    readonly schema: Schema;
    readonly delivery: Delivery;
    readonly window: number;
  }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly schema: Schema;
    readonly blocking: boolean;
    readonly window: number;
    /** How many slots its pool may have, if more than usual: each reader holds some. */
    readonly slots?: number;
    /** Given for an output that other subprocesses read. */
    readonly direct?: DirectReaders;
  }[];
}

export interface BridgeLimits {
  /** From ping to pong. */
  readonly pongMs: number;
  /** From spawn to the client's connection. */
  readonly connectMs: number;
  /** Without a heartbeat: reported, then killed. */
  readonly silenceWarnMs: number;
  readonly silenceKillMs: number;
  /** In one call of the user's code: reported, then killed; 0 for never. */
  readonly busyWarnMs: number;
  readonly busyKillMs: number;
  /** For the file's import and `setup()`; 0 for as long as they like. */
  readonly setupMs: number;
}

export const DEFAULT_LIMITS: BridgeLimits = {
  pongMs: 5_000,
  connectMs: 300_000,
  silenceWarnMs: 3_000,
  silenceKillMs: 6_000,
  busyWarnMs: 5_000,
  busyKillMs: 60_000,
  setupMs: 0,
};

export interface BridgeSetup {
  readonly node: string;
  readonly kind: PythonKind;
  readonly file: string;
  /** `MODULE:ATTRIBUTE` of a processor that is installed. */
  readonly module?: string;
  readonly processor: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly python: string;
  readonly ports: BridgePorts;
  readonly limits: BridgeLimits;
  readonly logLevel: string;
  /** Where a process that has its imports behind it may be had. */
  readonly spares?: Pick<SparePool, 'take'>;
  /** Given for code from outside. */
  readonly confinement?: Confinement;
}

export interface BridgeEvents {
  /** There is a process. */
  spawned(): void;
  /** Ping, pong, both acked, `setup()` returned: frames may flow. */
  ready(): void;
  frame(port: number, frameId: number, value: Record<string, unknown>): void;
  /** A frame of an output that the system gave this process no memory to read. */
  lost(port: number, frameId: number, why: string): void;
  ack(port: number, frameId: number): void;
  /** A manual `start()` returned, or a generator ended. */
  finished(): void;
  /** The user's code raised an exception that it survives. */
  error(phase: string, message: string, traceback: string): void;
  clientDropped(dropped: Readonly<Record<string, number>>): void;
  /** What it counts on its links to other subprocesses. `busy`: the user's code runs. */
  tallies(tallies: ReadonlyMap<string, Tally>, busy: boolean): void;
  /** About a link. The endpoint, if there is one, belongs to the handler. */
  link(message: LinkMessage, endpoint: Endpoint | null): void;
  /** The answer to `report`. */
  reported(round: number): void;
  /** Of no use any more, though its process may still be there: it is to be killed. */
  broken(reason: string): void;
  /** Exactly once, last of all: no process, descriptor or broker record of this incarnation is left. */
  exited(clean: boolean, reason: string): void;
}

export interface BridgeDependencies {
  readonly broker: HandshakeBroker;
  readonly log: Logger;
  readonly events: BridgeEvents;
}

export type ControlMessage = Record<string, ControlValue>;
