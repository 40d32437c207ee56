import { BridgeError } from '../errors/bridge-error.js';
import { closeHandles } from '../memory/close-handles.js';
import { sweepMappings } from '../memory/segment-views.js';
import { addon, type ConnectionStats, type NativePort } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';
import type { Schema } from '../schema/types.js';
import { Endpoint } from './endpoint.js';
import { type FieldCheck, unknownFieldCheck } from './known-fields.js';
import { surface } from './surface.js';

/**
 * What a control message can hold. A number that is an integer travels as int64, any other as double; an int64 arrives as
 * number when it is safe, else as bigint.
 */
export type ControlValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ControlValue[]
  | { [key: string]: ControlValue };

/** A port of a connection: frames of one schema in one direction. */
export interface PortDef {
  /** The port's name, which errors mention. */
  readonly name: string;
  /** What its frames hold. */
  readonly schema: Schema;
}

/** Why a connection ended. */
export interface CloseReason {
  /** `closed` for an orderly end, `malformed` when the peer broke the form, `io` for what the system reported. */
  readonly code: string;
  /** The same in words, for people. */
  readonly message: string;
}

/** One direct channel to another process: control messages and frames, in order. */
export class Connection {
  /** Taken from the kernel when the connection was made, so the peer can't lie about them. */
  readonly peer: { readonly pid: number; readonly uid: number };

  /** The endpoint, if one came along, belongs to the handler. */
  onControl: (message: Record<string, ControlValue>, endpoint: Endpoint | null) => void = (_, endpoint) =>
    endpoint?.close();
  /** `port` indexes the inputs given to `definePorts`. Handles in `value` belong to the handler, which closes them. */
  onFrame: (port: number, frameId: number, value: Record<string, unknown>) => void = (_port, _id, value) =>
    closeHandles(value);
  /** A frame of an input that came and could not be read, because the system gave no memory to map it; the next may come through. */
  onLost: (port: number, frameId: number, why: string) => void = (port, frameId) => this.ack(port, frameId);
  /** `port` indexes the outputs. */
  onAck: (port: number, frameId: number) => void = () => undefined;
  /** Called exactly once, after `close()` or when the peer is gone. */
  onClose: (reason: CloseReason) => void = () => undefined;

  private id: NativeId;
  /** By output port. */
  private checks: readonly FieldCheck[] = [];
  private readonly warned = new Set<number>();
  private lastStats: ConnectionStats | undefined;

  /** @internal Use `connectEndpoint`, `connectNamed` or a `Listener`. */
  constructor(id: NativeId) {
    this.id = id;
    this.peer = addon().connectionPeer(id);
  }

  /** True once the connection has ended, by `close()` or because the peer is gone. */
  get closed(): boolean {
    return this.id === 0;
  }

  /** Begins to read. Set the handlers before. A started connection keeps the process alive until it is closed. */
  start(): void {
    addon().connectionStart(this.open(), {
      control: (message, endpoint) => {
        const received = endpoint === null ? null : new Endpoint(endpoint);
        try {
          this.onControl(message as Record<string, ControlValue>, received);
        } catch (error) {
          surface(error);
        }
      },
      frame: (port, frameId, value) => {
        try {
          this.onFrame(port, frameId, value);
        } catch (error) {
          surface(error);
        }
      },
      unknownPort: (port) => this.warnOnce(port),
      lost: (port, frameId, why) => {
        try {
          this.onLost(port, frameId, why);
        } catch (error) {
          surface(error);
        }
      },
      ack: (port, frameId) => {
        try {
          this.onAck(port, frameId);
        } catch (error) {
          surface(error);
        }
      },
      closed: (code, message) => this.finish({ code, message }),
    });
  }

  /**
   * Sends a message that is never dropped: it waits here while the socket is full. Too many that wait close the connection.
   *
   * @param message - The fields of the message.
   * @param endpoint - Travels with the message; stays the caller's, who closes it. None by default.
   * @throws {@link BridgeError} `closed`, or `value` for what a control message cannot hold.
   */
  sendControl(message: Record<string, ControlValue>, endpoint?: Endpoint): void {
    if (addon().connectionSendControl(this.open(), message, endpoint?.nativeId() ?? null)) return;
    this.finishLater({
      code: 'exhausted',
      message: 'Too many control messages wait: the peer does not read',
    });
  }

  /**
   * Declares what this side receives (`inputs`) and sends (`outputs`).
   *
   * @param ports - Both sides name the same ports in the same order.
   * @throws {@link BridgeError} `closed`, or `schema`.
   */
  definePorts(ports: { readonly inputs: readonly PortDef[]; readonly outputs: readonly PortDef[] }): void {
    addon().connectionDefinePorts(this.open(), ports.inputs.map(nativePort), ports.outputs.map(nativePort));
    this.checks = ports.outputs.map((port) => unknownFieldCheck(port.schema, port.name));
  }

  /**
   * Sends one frame. False: the socket is full (or the peer just died, which `onClose` will tell) and nothing was sent.
   * Handles in `value` stay the caller's; the peer holds leases of its own.
   *
   * @param port - The index of the output, as given to `definePorts`.
   * @param frameId - A number of the caller's, which comes back with the acknowledgement.
   * @param value - The frame: an object with the fields of the port's schema.
   * @throws {@link BridgeError} `closed`, or `value` with the port and the field.
   */
  sendFrame(port: number, frameId: number, value: object): boolean {
    this.open();
    this.checks[port]?.(value);
    // Asked again: a getter among the fields may have closed this connection.
    return addon().connectionSendFrame(this.open(), port, frameId, value);
  }

  /**
   * Tells the sender that its frame was dealt with. It travels with the next message, at the latest when the loop goes idle.
   *
   * @param port - The index of the input.
   * @param frameId - The number that the frame came with.
   * @throws {@link BridgeError} `closed`.
   */
  ack(port: number, frameId: number): void {
    addon().connectionAck(this.open(), port, frameId);
  }

  /** Sends acks and returned leases at once instead of with the next message. */
  flush(): void {
    addon().connectionFlush(this.open());
  }

  /** Counters; after the connection closed, as they were then. */
  get stats(): ConnectionStats {
    if (this.id === 0) return this.lastStats ?? noStats;
    return addon().connectionStats(this.id);
  }

  /** Keeps the process alive while this connection is open, as `start()` does. */
  ref(): void {
    if (this.id !== 0) addon().connectionKeepAlive(this.id, true);
  }

  /** Lets the process end although this connection is open. */
  unref(): void {
    if (this.id !== 0) addon().connectionKeepAlive(this.id, false);
  }

  /** Ends the connection; `onClose` is called afterwards. Closing twice is harmless. */
  close(): void {
    if (this.id === 0) return;
    this.finishLater({ code: 'closed', message: 'This side closed the connection' });
  }

  private warnOnce(port: number): void {
    if (this.warned.has(port)) return;
    this.warned.add(port);
    process.emitWarning(
      `Process ${this.peer.pid} sends frames to input ${port}, which there is not; they are dropped`,
    );
  }

  private finishLater(reason: CloseReason): void {
    this.release();
    queueMicrotask(() => this.onClose(reason));
  }

  private finish(reason: CloseReason): void {
    if (this.id === 0) return;
    this.release();
    try {
      this.onClose(reason);
    } catch (error) {
      surface(error);
    }
  }

  private release(): void {
    const id = this.id;
    this.lastStats = addon().connectionStats(id);
    addon().connectionClose(id);
    this.id = 0;
    sweepMappings();
  }

  private open(): NativeId {
    if (this.id === 0) throw new BridgeError('closed', 'The Connection is closed');
    return this.id;
  }
}

const noStats: ConnectionStats = {
  framesSent: 0,
  framesReceived: 0,
  outstanding: 0,
  imported: 0,
  pendingReleases: 0,
};

function nativePort(port: PortDef): NativePort {
  return [port.name, JSON.stringify(port.schema)];
}

/**
 * Connects to the listener behind an endpoint.
 *
 * @param endpoint - Stays open, and can be used again.
 * @returns A connection that reads nothing before `start()`.
 * @throws {@link BridgeError} `closed` if the endpoint or its listener is, `io` for what the system reports.
 */
export function connectEndpoint(endpoint: Endpoint): Connection {
  return new Connection(addon().connectEndpoint(endpoint.nativeId()));
}

/**
 * Connects to a `Listener.named` of the same user.
 *
 * @param path - The path of its socket.
 * @returns A connection that reads nothing before `start()`.
 * @throws {@link BridgeError} `io` where no listener answers, `permission` for another user's.
 */
export function connectNamed(path: string): Connection {
  return new Connection(addon().connectNamed(path));
}
