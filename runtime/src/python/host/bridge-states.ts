import type { CloseReason } from '../../broker/session.js';

/** How far an incarnation came: `handshake`, its `setup()` begun, or frames flowing. */
export type Progress = 'handshake' | 'setup' | 'ready';

export type BridgeState =
  | { readonly name: 'idle' }
  /** The broker is asked for a connection; there is no process. */
  | { readonly name: 'allocating' }
  /** The process is being started. `signal`: it is to end as soon as it is there. */
  | { readonly name: 'spawning'; readonly signal: EndSignal | null }
  /** The process starts, the listener waits for it. No deadline: it has passed, and the broker is asked what it knows. */
  | { readonly name: 'connecting'; readonly deadline: number | null }
  /** Connected; no byte is believed to have crossed before the pong. */
  | { readonly name: 'pinging'; readonly deadline: number }
  /** The pong came; each side reports to the broker. */
  | { readonly name: 'acking'; readonly hostAcked: boolean; readonly clientAcked: boolean }
  /** The connection is ready; the file is imported and the user's `setup()` runs. No deadline: it may take any time. */
  | { readonly name: 'setting_up'; readonly deadline: number | null }
  /** Frames flow. */
  | { readonly name: 'ready' }
  /** The client said that it was done; its exit is awaited. */
  | { readonly name: 'leaving'; readonly reached: Progress }
  /** The channel closed without a goodbye; the exit, which explains more, is awaited for a moment. */
  | {
      readonly name: 'cut_off';
      readonly reached: Progress;
      readonly reason: string;
      readonly deadline: number;
    }
  /** Reported as broken: its process is about to be killed. */
  | { readonly name: 'broken'; readonly reached: Progress }
  /** Everything is given back. */
  | { readonly name: 'over' };

export type EndSignal = 'SIGTERM' | 'SIGKILL';

export interface BridgeRecord {
  readonly state: BridgeState;
  /** The broker's; null until it has allocated one. */
  readonly connectionId: string | null;
  /** Null while there is no process, and for one that could not be started. */
  readonly pid: number | null;
  /** The runtime asked it to end, so its end is no failure. */
  readonly stopAsked: boolean;
  /** An error that the client reported as its last: it explains the exit better than an exit code. */
  readonly fatal: string | null;
  /** Why the channel closed although nobody had asked for the end. */
  readonly cutOff: string | null;
}

/** Times in milliseconds; 0 for `setupMs` means no limit. */
export interface BridgeTimes {
  readonly connectMs: number;
  readonly pongMs: number;
  readonly setupMs: number;
}

export interface ExitReport {
  readonly code: number | null;
  /** "was killed by SIGKILL", "exited with code 3". */
  readonly how: string;
  readonly stderrTail: readonly string[];
}

export type BridgeEvent =
  | { readonly type: 'open' }
  | { readonly type: 'allocated'; readonly connectionId: string }
  | { readonly type: 'spawned'; readonly pid: number | null }
  /** A step of the handshake did not succeed, here or at the broker. */
  | { readonly type: 'step_failed'; readonly reason: string }
  /** A process connected to the listener; the kernel says which. */
  | { readonly type: 'client_came'; readonly pid: number }
  /** What the broker knows of a client that did not come in time. */
  | { readonly type: 'client_state'; readonly state: string }
  | { readonly type: 'pong'; readonly valid: boolean }
  | { readonly type: 'host_acked' }
  | { readonly type: 'client_acked' }
  | { readonly type: 'setup_done' }
  | { readonly type: 'bye' }
  | { readonly type: 'fatal'; readonly reason: string }
  /** A frame came before the client had been told its setup. */
  | { readonly type: 'early_frame'; readonly output: string }
  | { readonly type: 'channel_closed'; readonly code: string; readonly message: string }
  /** It hangs, uses more than it may, or broke the protocol. */
  | { readonly type: 'unusable'; readonly reason: string }
  /** The time of `deadlineOf` has come. */
  | { readonly type: 'tick' }
  | { readonly type: 'stop' }
  | { readonly type: 'signal'; readonly signal: EndSignal }
  | { readonly type: 'exited'; readonly exit: ExitReport };

export type BridgeCommand =
  | { readonly type: 'allocate' }
  /** Opens the listener and starts the process; answered at once by `spawned` or `step_failed`. */
  | { readonly type: 'spawn'; readonly connectionId: string }
  | { readonly type: 'publish_endpoint'; readonly connectionId: string }
  /** The process that came is the one that was started. */
  | { readonly type: 'accept' }
  | { readonly type: 'refuse'; readonly pid: number; readonly reason: string }
  | { readonly type: 'report_channel_up'; readonly connectionId: string }
  | { readonly type: 'mark_acked'; readonly connectionId: string }
  | { readonly type: 'report_client_acked'; readonly connectionId: string }
  | { readonly type: 'ask_client_state'; readonly connectionId: string }
  | { readonly type: 'send'; readonly what: 'ping' | 'setup' | 'stop' }
  /** Heartbeats are watched from here on, not earlier: imports and `setup()` may take as long as they need. */
  | { readonly type: 'watch' }
  | { readonly type: 'signal'; readonly signal: EndSignal }
  /** The broker's connection, which came when it was wanted no more, is closed. */
  | { readonly type: 'close_connection'; readonly connectionId: string }
  /** Gives back the channel, the listener and, with `why`, the broker's connection. */
  | { readonly type: 'release'; readonly connectionId: string | null; readonly why: CloseReason }
  | { readonly type: 'tell_spawned' }
  | { readonly type: 'tell_ready' }
  | { readonly type: 'tell_broken'; readonly reason: string }
  | { readonly type: 'tell_exited'; readonly clean: boolean; readonly reason: string };

export interface BridgeStep {
  readonly record: BridgeRecord;
  readonly commands: readonly BridgeCommand[];
  /** Names an event that has no place in the state, `pong in ready`, and was ignored; null for all others. */
  readonly illegal: string | null;
}

export const INITIAL: BridgeRecord = {
  state: { name: 'idle' },
  connectionId: null,
  pid: null,
  stopAsked: false,
  fatal: null,
  cutOff: null,
};

/** When `tick` is due; null for never. */
export function deadlineOf({ state }: BridgeRecord): number | null {
  return 'deadline' in state ? state.deadline : null;
}

/** How far it came, also when it has been failing or leaving since. */
export function reached(state: BridgeState): Progress {
  switch (state.name) {
    case 'idle':
    case 'allocating':
    case 'spawning':
    case 'connecting':
    case 'pinging':
    case 'acking':
      return 'handshake';
    case 'setting_up':
      return 'setup';
    case 'ready':
      return 'ready';
    case 'leaving':
    case 'cut_off':
    case 'broken':
      return state.reached;
    case 'over':
      return 'handshake';
  }
}
