import type { BrokerServiceServer } from '@streamlib/proto';
import { connectionNotFound, type Registry } from '../registry/index.js';
import {
  type ConnectionEvent,
  type ConnectionRecord,
  derivedState,
  type Side,
} from '../state-machine/index.js';
import type { Calls } from './calls.js';
import { connectionInfo } from './entries.js';
import { checked, newConnection, pidOf, shapes } from './fields.js';

type ConnectionCalls = Pick<
  BrokerServiceServer,
  | 'allocateConnection'
  | 'hostAlive'
  | 'hostXpcReady'
  | 'clientAlive'
  | 'getClientStatus'
  | 'getHostStatus'
  | 'markAcked'
  | 'getConnectionInfo'
  | 'closeConnection'
  | 'getSchema'
  | 'reportChannelUp'
>;

/** The steps of a handshake. Each is one event for the state machine, which decides. */
export function connectionCalls(calls: Calls, { connections, clock }: Registry): ConnectionCalls {
  const step = (request: { connectionId: string }, event: ConnectionEvent): ConnectionRecord =>
    connections.require(checked(shapes.connection, request).connectionId, event);
  const find = (request: { connectionId: string }): ConnectionRecord => {
    const { connectionId } = checked(shapes.connection, request);
    const record = connections.get(connectionId);
    if (record === null) throw connectionNotFound(connectionId);
    return record;
  };
  /** Who asks for the other side's state lives, whatever else is true of the connection. */
  const ask = (request: { connectionId: string }, side: Side): ConnectionRecord =>
    step(request, { type: 'seen', side });

  return {
    allocateConnection: calls.unary('AllocateConnection', (request) => {
      const told = checked(shapes.allocate, request);
      const record = connections.allocate(
        newConnection(told.runtimeId, { ...told, connectionId: '' }, told.hostPid),
      );
      return {
        connectionId: record.id,
        success: true,
        error: '',
        timeoutSecs: record.timeoutSecs,
        clientToken: calls.tokens?.forClient(record.id) ?? '',
      };
    }),
    hostAlive: calls.unary('HostAlive', (request) => {
      const record = step(request, { type: 'host_alive', pid: pidOf(request.pid) });
      return { success: true, clientState: record.client.state };
    }),
    hostXpcReady: calls.unary('HostXpcReady', (request) => {
      const record = step(request, { type: 'host_xpc_ready' });
      return { success: true, clientState: record.client.state };
    }),
    clientAlive: calls.clientUnary('ClientAlive', (request) => {
      const record = step(request, { type: 'client_alive', pid: pidOf(request.pid) });
      return { success: true, hostState: record.host.state };
    }),
    getClientStatus: calls.unary('GetClientStatus', (request) => {
      const record = ask(request, 'host');
      return { clientState: record.client.state, ...standing(record) };
    }),
    getHostStatus: calls.clientUnary('GetHostStatus', (request) => {
      const record = ask(request, 'client');
      return { hostState: record.host.state, ...standing(record) };
    }),
    markAcked: calls.clientUnary(
      'MarkAcked',
      (request) => {
        const { side } = checked(shapes.acked, request);
        const record = step(request, { type: 'acked', side });
        return { success: true, connectionState: record.readyAt === null ? 'awaiting_ack' : 'ready' };
      },
      // It must not speak for its host.
      ({ side }) => side === 'host',
    ),
    getConnectionInfo: calls.clientUnary('GetConnectionInfo', (request) => {
      const { connectionId } = checked(shapes.connection, request);
      return connectionInfo(connections.get(connectionId), clock.now());
    }),
    closeConnection: calls.unary('CloseConnection', (request) => {
      const { connectionId, ...why } = checked(shapes.close, request);
      connections.require(connectionId, endOf(why));
      return { success: true };
    }),
    getSchema: calls.clientUnary('GetSchema', (request) => {
      const { schemasJson, runtimeId, processorId, processorName, kind } = find(request);
      return { schemasJson, runtimeId, processorId, processorName, kind };
    }),
    reportChannelUp: calls.unary('ReportChannelUp', (request) => {
      step(request, { type: 'channel_up', clientPid: pidOf(request.clientPid) });
      return { success: true };
    }),
  };
}

function standing(record: ConnectionRecord): { derivedState: string; failureReason: string } {
  return { derivedState: derivedState(record), failureReason: record.failureReason ?? '' };
}

function endOf(why: { reason: string; detail: string; side: '' | Side }): ConnectionEvent {
  const reason = why.reason || 'shutdown';
  if (reason !== 'error' && reason !== 'timeout') return { type: 'closed', reason };
  const told = reason === 'error' ? 'an error, without a reason given' : 'a timeout, without a reason given';
  return { type: 'side_failed', side: why.side || 'host', reason: why.detail || told };
}
