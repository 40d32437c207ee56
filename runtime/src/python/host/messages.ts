import type { ControlValue } from '@streamlib/host-bridge';
import type { LinkMessage } from '../links/messages.js';
import { readTallies, type Tally } from '../links/tally.js';

/** What a client says on the direct channel. It is not trusted: each field is checked before it is used. */
export type ClientMessage =
  | { readonly type: 'pong'; readonly valid: boolean }
  | { readonly type: 'acked' }
  | { readonly type: 'setup_done' }
  | { readonly type: 'started' }
  | { readonly type: 'stopped' }
  | { readonly type: 'finished' }
  | { readonly type: 'bye' }
  | {
      readonly type: 'heartbeat';
      /** Since when the user's code has been busy with one call; null while it is not. */
      readonly busySinceNs: number | null;
      readonly dropped: Readonly<Record<string, number>>;
      readonly tallies: ReadonlyMap<string, Tally>;
    }
  /** It did as asked and has beaten: its counts are those of now. */
  | { readonly type: 'reported'; readonly round: number }
  | LinkMessage
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly logger: string;
      readonly dropped: number;
    }
  | {
      readonly type: 'error';
      readonly phase: string;
      readonly error: string;
      readonly message: string;
      readonly traceback: string;
      readonly fatal: boolean;
    }
  | { readonly type: 'unknown'; readonly name: string };

export const PING = new Uint8Array([0x53, 0x4c, 0x50]);
const PONG = [0x53, 0x4c, 0x41];

const PLAIN = ['acked', 'setup_done', 'started', 'stopped', 'finished', 'bye'] as const;

export function readClientMessage(message: Readonly<Record<string, ControlValue>>): ClientMessage {
  const type = text(message.type);
  const plain = PLAIN.find((name) => name === type);
  if (plain !== undefined) return { type: plain };
  switch (type) {
    case 'pong': {
      const { bytes } = message;
      const valid =
        bytes instanceof Uint8Array &&
        bytes.length === 3 &&
        PONG.every((byte, index) => bytes[index] === byte);
      return { type, valid };
    }
    case 'heartbeat': {
      const busy = number(message.busy_since_ns);
      return {
        type,
        busySinceNs: busy > 0 ? busy : null,
        dropped: counts(message.dropped),
        tallies: readTallies(message.tallies),
      };
    }
    case 'reported':
      return { type, round: number(message.round) };
    case 'link_endpoint':
    case 'linked':
    case 'link_failed':
      return {
        type,
        link: text(message.link),
        attempt: number(message.attempt),
        reason: text(message.reason).slice(0, 500),
      };
    case 'log':
      return {
        type,
        level: level(message.level),
        message: text(message.message),
        logger: text(message.logger),
        dropped: number(message.dropped),
      };
    case 'error':
      return {
        type,
        phase: text(message.phase),
        error: text(message.error_type ?? message.exception ?? ''),
        message: text(message.message),
        traceback: text(message.traceback),
        fatal: message.fatal === true,
      };
    default:
      return { type: 'unknown', name: type.slice(0, 64) };
  }
}

function text(value: ControlValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function number(value: ControlValue | undefined): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0;
}

function counts(value: ControlValue | undefined): Record<string, number> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value instanceof Uint8Array)
    return {};
  return Object.fromEntries(Object.entries(value).map(([name, count]) => [name, Math.max(0, number(count))]));
}

function level(value: ControlValue | undefined): 'debug' | 'info' | 'warn' | 'error' {
  switch (text(value).toLowerCase()) {
    case 'debug':
      return 'debug';
    case 'warning':
    case 'warn':
      return 'warn';
    case 'error':
    case 'critical':
      return 'error';
    default:
      return 'info';
  }
}
