import type { BridgeError, BridgeErrorCode } from '../../errors/bridge-error.js';
import type { NativeId } from './ids.js';

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

/** Called by the addon for each failure, so that a BridgeError carries the stack of the call that failed. */
export type ErrorFactory = (
  code: BridgeErrorCode,
  message: string,
  port: string | undefined,
  field: string | undefined,
  holderPid: number | undefined,
) => BridgeError;
