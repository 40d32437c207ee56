import type { BrokerServiceServer, LiveConnection, ProcessorReport } from '@streamlib/proto';
import { BrokerError } from '../errors/broker-error.js';
import type { Logger } from '../logs/index.js';
import type { ProcessorInfo, Registry } from '../registry/index.js';
import { isClientState, isHostState, type LiveConnectionState } from '../state-machine/index.js';
import type { Calls } from './calls.js';
import { checked, newConnection, pidOf, shapes } from './fields.js';

type RuntimeCalls = Pick<
  BrokerServiceServer,
  'registerRuntime' | 'unregisterRuntime' | 'heartbeat' | 'reportProcessor'
>;

export function runtimeCalls(
  calls: Calls,
  registry: Registry,
  log: Logger,
  brokerInstanceId: string,
): RuntimeCalls {
  const { runtimes } = registry;
  const leaseSecs = Math.ceil(runtimes.limits.leaseMs / 1000);
  const report = (runtimeId: string, processors: readonly ProcessorInfo[]) => {
    for (const processor of processors) runtimes.report(runtimeId, processor);
  };

  return {
    registerRuntime: calls.unary('RegisterRuntime', (request) => {
      const { runtimeId, ...told } = checked(shapes.register, request);
      const { maxConnections } = registry.connections.limits;
      if (request.connections.length > maxConnections)
        throw new BrokerError(
          'exhausted',
          `connections holds more than ${maxConnections}, the broker's limit`,
        );
      // Everything is checked before anything is changed.
      const live = request.connections.map((connection) => liveConnection(runtimeId, connection));
      const processors = request.processors.map(processorInfo);
      const { adopted, rejected } = registry.register({ id: runtimeId, ...told }, live);
      report(runtimeId, processors);
      log.info(
        { runtime_id: runtimeId, name: told.name, pid: told.pid, adopted: adopted.length },
        'runtime registered',
      );
      for (const { id, reason } of rejected)
        log.warn({ runtime_id: runtimeId, connection_id: id }, `connection not taken over: ${reason}`);
      return {
        leaseSecs,
        adoptedConnectionIds: adopted,
        rejectedConnections: rejected.map(({ id, reason }) => ({ connectionId: id, reason })),
        brokerInstanceId,
      };
    }),
    unregisterRuntime: calls.unary('UnregisterRuntime', (request) => {
      const { runtimeId } = checked(shapes.runtime, request);
      const closed = registry.unregister(runtimeId);
      if (closed !== null) log.info({ runtime_id: runtimeId, closed }, 'runtime unregistered');
      // Unknown is no error: what was asked for is so.
      return { success: true, closedConnections: closed ?? 0 };
    }),
    heartbeat: calls.unary('Heartbeat', (request) => {
      const { runtimeId } = checked(shapes.runtime, request);
      const processors = request.processors.map(processorInfo);
      runtimes.renew(runtimeId);
      report(runtimeId, processors);
      return { leaseSecs, brokerInstanceId };
    }),
    reportProcessor: calls.unary('ReportProcessor', (request) => {
      const { runtimeId } = checked(shapes.runtime, request);
      if (request.processor === undefined) throw new BrokerError('invalid', 'processor is missing');
      runtimes.report(runtimeId, processorInfo(request.processor));
      return { success: true };
    }),
  };
}

function processorInfo(report: ProcessorReport): ProcessorInfo {
  const told = checked(shapes.processor, report, 'processor.');
  return { ...told, name: told.name || told.processorId };
}

function liveConnection(runtimeId: string, live: LiveConnection): LiveConnectionState {
  const told = checked(shapes.live, live, 'connections.');
  const { hostState, clientState } = live;
  if (!isHostState(hostState))
    throw new BrokerError(
      'invalid',
      `connections.host_state is "${hostState.slice(0, 64)}", which is not a state`,
    );
  if (!isClientState(clientState))
    throw new BrokerError(
      'invalid',
      `connections.client_state is "${clientState.slice(0, 64)}", which is not a state`,
    );
  return {
    connection: newConnection(runtimeId, told, live.hostPid),
    hostState,
    clientState,
    clientPid: pidOf(live.clientPid),
    createdAt: timeOf(live.createdAtMs),
    readyAt: timeOf(live.readyAtMs),
  };
}

function timeOf(ms: number): number | null {
  return ms > 0 ? ms : null;
}
