import type { CloseReason } from '../../broker/session.js';
import {
  type BridgeCommand,
  type BridgeEvent,
  type BridgeRecord,
  type BridgeState,
  type BridgeStep,
  type BridgeTimes,
  deadlineOf,
  type EndSignal,
  type ExitReport,
  reached,
} from './bridge-states.js';

/** After the channel closed: how long to wait for the exit of the process. */
export const EXIT_EXPLAINS_MS = 100;

/**
 * One incarnation of a Python processor, from the broker's connection to the end of its process, as one function: no I/O, no
 * clock. `now` is in milliseconds. `tell_exited` is the last command, and there is one in any case.
 */
export function step(record: BridgeRecord, event: BridgeEvent, times: BridgeTimes, now: number): BridgeStep {
  const { state } = record;
  if (state.name === 'over') return late(record, event, times, now);
  switch (event.type) {
    case 'open':
      return state.name === 'idle'
        ? to(record, { name: 'allocating' }, [{ type: 'allocate' }])
        : illegal(record, event);
    case 'allocated': {
      if (state.name !== 'allocating') return illegal(record, event);
      const { connectionId } = event;
      return to({ ...record, connectionId }, { name: 'spawning', signal: null }, [
        { type: 'spawn', connectionId },
      ]);
    }
    case 'spawned':
      return spawned(record, event, times, now);
    case 'step_failed':
      return stepFailed(record, event);
    case 'client_came':
      return clientCame(record, event.pid, times, now);
    case 'client_state':
      if (state.name !== 'connecting' || state.deadline !== null) return unchanged(record);
      return broken(
        record,
        `the client did not connect within ${times.connectMs / 1000} s; the broker says client_state: ${event.state}`,
      );
    case 'pong':
      if (state.name !== 'pinging') return illegal(record, event);
      if (!event.valid)
        return broken(record, 'handshake failed: the client answered the ping with the wrong bytes');
      return to(
        record,
        { name: 'acking', hostAcked: false, clientAcked: false },
        withConnection(record, 'mark_acked'),
      );
    case 'host_acked':
      if (state.name === 'cut_off' || state.name === 'broken') return unchanged(record);
      if (state.name !== 'acking' || state.hostAcked) return illegal(record, event);
      return acked(record, { ...state, hostAcked: true }, [], times, now);
    case 'client_acked':
      if (state.name !== 'acking' || state.clientAcked) return illegal(record, event);
      return acked(
        record,
        { ...state, clientAcked: true },
        withConnection(record, 'report_client_acked'),
        times,
        now,
      );
    case 'setup_done':
      return state.name === 'setting_up'
        ? to(record, { name: 'ready' }, [{ type: 'watch' }, { type: 'tell_ready' }])
        : illegal(record, event);
    case 'bye':
      return state.name === 'setting_up' || state.name === 'ready'
        ? to(record, { name: 'leaving', reached: reached(state) })
        : illegal(record, event);
    case 'fatal':
      return hasChannel(state) ? only({ ...record, fatal: event.reason }) : illegal(record, event);
    case 'early_frame':
      return state.name === 'pinging' || state.name === 'acking'
        ? broken(record, `broke the protocol: a frame on output "${event.output}" before its setup`)
        : illegal(record, event);
    case 'channel_closed':
      return channelClosed(record, event, now);
    case 'unusable':
      return isAlive(record) ? broken(record, event.reason) : illegal(record, event);
    case 'tick':
      return tick(record, times, now);
    case 'stop':
      return stop({ ...record, stopAsked: true });
    case 'signal':
      return signalled(record, event.signal);
    case 'exited':
      return isAlive(record) ? exited(record, event.exit) : illegal(record, event);
  }
}

/** What comes when all is over means nothing, but neither a connection of the broker's nor a process that came may stay. */
function late(record: BridgeRecord, event: BridgeEvent, times: BridgeTimes, now: number): BridgeStep {
  switch (event.type) {
    case 'allocated':
      return to(record, record.state, [{ type: 'close_connection', connectionId: event.connectionId }]);
    case 'client_came':
      return clientCame(record, event.pid, times, now);
    default:
      return unchanged(record);
  }
}

function spawned(
  record: BridgeRecord,
  event: BridgeEvent & { type: 'spawned' },
  times: BridgeTimes,
  now: number,
): BridgeStep {
  const { state } = record;
  if (state.name !== 'spawning') return illegal(record, event);
  return to({ ...record, pid: event.pid }, { name: 'connecting', deadline: now + times.connectMs }, [
    ...(state.signal === null ? [] : [{ type: 'signal', signal: state.signal } as const]),
    ...withConnection(record, 'publish_endpoint'),
    { type: 'tell_spawned' },
  ]);
}

function stepFailed(record: BridgeRecord, event: BridgeEvent & { type: 'step_failed' }): BridgeStep {
  switch (record.state.name) {
    case 'allocating':
    case 'spawning':
      return end(record, false, event.reason);
    case 'connecting':
    case 'pinging':
    case 'acking':
      return broken(record, event.reason);
    case 'idle':
      return illegal(record, event);
    default:
      // The client came all the same, or something else went wrong first.
      return unchanged(record);
  }
}

function clientCame(record: BridgeRecord, pid: number, times: BridgeTimes, now: number): BridgeStep {
  const { state } = record;
  if (state.name !== 'connecting' || pid !== record.pid) {
    const reason =
      pid === record.pid
        ? 'the processor has its client already'
        : 'it is not the subprocess of this processor';
    return to(record, state, [{ type: 'refuse', pid, reason }]);
  }
  return to(record, { name: 'pinging', deadline: now + times.pongMs }, [
    { type: 'accept' },
    ...withConnection(record, 'report_channel_up'),
    { type: 'send', what: 'ping' },
  ]);
}

function acked(
  record: BridgeRecord,
  state: BridgeState & { name: 'acking' },
  commands: readonly BridgeCommand[],
  times: BridgeTimes,
  now: number,
): BridgeStep {
  if (!state.hostAcked || !state.clientAcked) return to(record, state, commands);
  const deadline = times.setupMs > 0 ? now + times.setupMs : null;
  return to(record, { name: 'setting_up', deadline }, [...commands, { type: 'send', what: 'setup' }]);
}

function channelClosed(
  record: BridgeRecord,
  event: BridgeEvent & { type: 'channel_closed' },
  now: number,
): BridgeStep {
  const { state } = record;
  switch (state.name) {
    case 'pinging':
    case 'acking':
    case 'setting_up':
    case 'ready': {
      const reason = `${event.code}: ${event.message}`;
      // It was this side that would not go on; that the client then ends in order makes nothing good.
      const malformed =
        event.code === 'malformed' ? `the client broke the form of the channel: ${event.message}` : null;
      return to(
        {
          ...record,
          fatal: record.fatal ?? malformed,
          // A client whose channel is gone ends in order; but nobody asked it to, and it did not say that it was done.
          cutOff: record.stopAsked ? null : reason,
        },
        { name: 'cut_off', reached: reached(state), reason, deadline: now + EXIT_EXPLAINS_MS },
      );
    }
    case 'leaving':
    case 'broken':
      return unchanged(record);
    default:
      return illegal(record, event);
  }
}

function tick(record: BridgeRecord, times: BridgeTimes, now: number): BridgeStep {
  const { state } = record;
  const deadline = deadlineOf(record);
  if (deadline === null || now < deadline) return unchanged(record);
  switch (state.name) {
    case 'connecting':
      return to(record, { ...state, deadline: null }, withConnection(record, 'ask_client_state'));
    case 'pinging':
      return broken(
        record,
        `handshake failed: the client connected but did not answer the ping within ${times.pongMs / 1000} s`,
      );
    case 'setting_up':
      return broken(record, `hangs: its import and setup() have been running for ${times.setupMs / 1000} s`);
    case 'cut_off':
      return broken(record, `the direct channel was closed (${state.reason})`);
    default:
      return unchanged(record);
  }
}

/** Asks the client to end by itself; one that cannot be asked yet is sent a signal. */
function stop(record: BridgeRecord): BridgeStep {
  const { state } = record;
  switch (state.name) {
    case 'setting_up':
    case 'ready':
      return to(record, state, [{ type: 'send', what: 'stop' }]);
    case 'leaving':
    case 'broken':
      return only(record);
    case 'cut_off':
      // Once its code runs, the end of its channel is a request to stop that it has seen.
      return state.reached === 'handshake' ? signalled(record, 'SIGTERM') : only(record);
    default:
      return signalled(record, 'SIGTERM');
  }
}

function signalled(record: BridgeRecord, signal: EndSignal): BridgeStep {
  const { state } = record;
  switch (state.name) {
    case 'idle':
    case 'allocating':
      return end(record, false, 'stopped before its process was started');
    case 'spawning':
      return to(record, { name: 'spawning', signal: state.signal === 'SIGKILL' ? 'SIGKILL' : signal });
    default:
      return to(record, state, [{ type: 'signal', signal }]);
  }
}

/** Reports, once, that this incarnation is of no use. Whoever hears it kills the process. */
function broken(record: BridgeRecord, reason: string): BridgeStep {
  const { state } = record;
  if (state.name === 'broken') return unchanged(record);
  return to(record, { name: 'broken', reached: reached(state) }, [{ type: 'tell_broken', reason }]);
}

function exited(record: BridgeRecord, exit: ExitReport): BridgeStep {
  const { stopAsked, fatal, cutOff } = record;
  const wasReady = reached(record.state) === 'ready';
  const clean = exit.code === 0 && (wasReady || stopAsked) && fatal === null && cutOff === null;
  return end(record, clean, explain(record, exit, wasReady));
}

function explain({ fatal, cutOff }: BridgeRecord, exit: ExitReport, wasReady: boolean): string {
  const { how, stderrTail } = exit;
  if (fatal !== null) return `${fatal} (${how})`;
  if (cutOff !== null && exit.code === 0)
    return `the direct channel was closed (${cutOff}), and the subprocess ${how}`;
  const when = wasReady ? '' : ' before it was ready';
  const tail =
    stderrTail.length === 0
      ? ''
      : `; the end of its stderr:\n${stderrTail.map((line) => `  ${line}`).join('\n')}`;
  return `the subprocess ${how}${when}${tail}`;
}

function end(record: BridgeRecord, clean: boolean, reason: string): BridgeStep {
  const why: CloseReason =
    clean || record.stopAsked ? { reason: 'shutdown' } : { reason: 'error', detail: reason, side: 'client' };
  return to({ ...record, pid: null }, { name: 'over' }, [
    { type: 'release', connectionId: record.connectionId, why },
    { type: 'tell_exited', clean, reason },
  ]);
}

/** Whether there is a process whose exit is yet to be reported. */
function isAlive({ state }: BridgeRecord): boolean {
  return !['idle', 'allocating', 'spawning', 'over'].includes(state.name);
}

function hasChannel(state: BridgeState): boolean {
  return !['idle', 'allocating', 'spawning', 'connecting', 'over'].includes(state.name);
}

type OfConnection =
  | 'publish_endpoint'
  | 'report_channel_up'
  | 'mark_acked'
  | 'report_client_acked'
  | 'ask_client_state';

/** A command about the broker's connection; there is one in every state that needs it. */
function withConnection({ connectionId }: BridgeRecord, type: OfConnection): readonly BridgeCommand[] {
  return connectionId === null ? [] : [{ type, connectionId }];
}

function to(record: BridgeRecord, state: BridgeState, commands: readonly BridgeCommand[] = []): BridgeStep {
  return { record: { ...record, state }, commands, illegal: null };
}

function only(record: BridgeRecord): BridgeStep {
  return { record, commands: [], illegal: null };
}

function unchanged(record: BridgeRecord): BridgeStep {
  return { record, commands: [], illegal: null };
}

function illegal(record: BridgeRecord, event: BridgeEvent): BridgeStep {
  return { record, commands: [], illegal: `${event.type} in ${record.state.name}` };
}
