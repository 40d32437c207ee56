import type { ConnectionEntry } from '@streamlib/proto';
import { formatDuration } from '../output/duration.js';

/** What has to happen next for a connection to get ready; empty when nothing has to. */
export function nextStep(row: ConnectionEntry): string {
  const pid = row.clientPid === 0 ? '' : ` (process ${row.clientPid})`;
  switch (row.derivedState) {
    case 'awaiting_both':
      return 'neither the host nor its Python process has contacted the broker yet';
    case 'awaiting_host':
      return 'the Python process is up; the host has not contacted the broker yet';
    case 'awaiting_client':
      return `the Python process${pid} has not contacted the broker yet`;
    case 'both_alive_awaiting_host_xpc':
      return 'both are up; the host has not stored its endpoint yet';
    case 'client_waiting_for_host_endpoint':
      return row.hostXpcEndpointStored
        ? 'the endpoint is stored; the Python process has not fetched it yet'
        : `the Python process asked for the endpoint ${row.pollCount} times; the host has not stored it yet`;
    case 'client_connecting':
      return 'the Python process has the endpoint but has not connected to it yet';
    case 'awaiting_ack':
      return row.waitingOn === 'host'
        ? 'the Python process answered the ping; the host has not confirmed it yet'
        : 'the channel is open; the Python process has not answered the ping yet';
    default:
      return '';
  }
}

/** On whom a connection waits, since when, how long it still has, and for what; of a failed one, why. */
export function waitingText(row: ConnectionEntry, now: number): string {
  if (row.failureReason !== '') return row.failureReason;
  if (row.derivedState === 'closed') return row.closeReason;
  if (row.waitingOn === '') return '';
  const seconds = (now - row.stateSinceMs) / 1000;
  const step = nextStep(row);
  const left = `${formatDuration(row.timeoutRemainingSecs)} left`;
  return `on ${row.waitingOn} for ${formatDuration(seconds)}, ${left}${step === '' ? '' : `: ${step}`}`;
}
