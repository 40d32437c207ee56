import type {
  ConnectionEntry,
  GetConnectionInfoResponse,
  ProcessorEntry,
  RuntimeEntry,
} from '@streamlib/proto';
import type { ProcessorInfo, Registry, RuntimeRecord } from '../registry/index.js';
import {
  type ConnectionRecord,
  clientPid,
  derivedState,
  hostPid,
  isFinal,
  timeoutRemainingMs,
  waitingOn,
} from '../state-machine/index.js';

const seconds = (ms: number) => Math.max(0, Math.floor(ms / 1000));

export function connectionEntry(record: ConnectionRecord, now: number): ConnectionEntry {
  const { host, client } = record;
  const derived = derivedState(record);
  const handshaking = !isFinal(record) && record.readyAt === null;
  return {
    connectionId: record.id,
    runtimeId: record.runtimeId,
    processorId: record.processorId,
    processorName: record.processorName,
    kind: record.kind,
    hostState: host.state,
    clientState: client.state,
    derivedState: derived,
    ageSecs: seconds(now - record.createdAt),
    timeoutSecs: record.timeoutSecs,
    // Rounded up: "0 s left" would be said of one that has time left.
    timeoutRemainingSecs: handshaking ? Math.ceil(timeoutRemainingMs(record, now) / 1000) : 0,
    waitingOn: waitingOn(record) ?? '',
    stateSinceMs: record.stateSince,
    failureReason: record.failureReason ?? '',
    closeReason: record.closeReason ?? '',
    hostXpcEndpointStored: record.endpointStored,
    clientConnected: isConnected(record),
    pollCount: client.pollCount,
    hostPid: hostPid(record) ?? 0,
    clientPid: clientPid(record) ?? 0,
    createdAtMs: record.createdAt,
    hostAliveAtMs: host.aliveAt ?? 0,
    endpointStoredAtMs: host.endpointStoredAt ?? 0,
    hostAckedAtMs: host.ackedAt ?? 0,
    hostFailedAtMs: host.failedAt ?? 0,
    hostLastSeenAtMs: host.lastSeenAt ?? 0,
    clientAliveAtMs: client.aliveAt ?? 0,
    firstPollAtMs: client.firstPollAt ?? 0,
    endpointDeliveredAtMs: client.deliveredAt ?? 0,
    clientAckedAtMs: client.ackedAt ?? 0,
    clientFailedAtMs: client.failedAt ?? 0,
    clientLastSeenAtMs: client.lastSeenAt ?? 0,
    channelUpAtMs: record.channelUpAt ?? 0,
    readyAtMs: record.readyAt ?? 0,
    closedAtMs: record.closedAt ?? 0,
  };
}

function isConnected(record: ConnectionRecord): boolean {
  return record.channelUpAt !== null || record.host.ackedAt !== null || record.client.ackedAt !== null;
}

export function connectionInfo(record: ConnectionRecord | null, now: number): GetConnectionInfoResponse {
  if (record === null)
    return {
      found: false,
      hostState: '',
      clientState: '',
      derivedState: '',
      hostXpcEndpointStored: false,
      clientConnected: false,
      ageSecs: 0,
      timeoutSecs: 0,
      connection: undefined,
    };
  const connection = connectionEntry(record, now);
  const { hostState, clientState, hostXpcEndpointStored, clientConnected, ageSecs, timeoutSecs } = connection;
  return {
    found: true,
    hostState,
    clientState,
    derivedState: connection.derivedState,
    hostXpcEndpointStored,
    clientConnected,
    ageSecs,
    timeoutSecs,
    connection,
  };
}

export function runtimeEntry(record: RuntimeRecord, registry: Registry): RuntimeEntry {
  const { info } = record;
  const mine = [...registry.connections.list()].filter((c) => c.runtimeId === info.id && !isFinal(c));
  return {
    runtimeId: info.id,
    name: info.name,
    pid: info.pid,
    apiAddress: info.apiAddress,
    logFile: info.logFile,
    version: info.version,
    registeredAtMs: record.registeredAt,
    lastSeenAtMs: record.lastSeenAt,
    leaseSecs: seconds(registry.runtimes.limits.leaseMs),
    leaseRemainingSecs: seconds(registry.runtimes.leaseRemainingMs(record)),
    connectionCount: mine.length,
    readyCount: mine.filter((c) => derivedState(c) === 'ready').length,
  };
}

/** Processors as their runtimes told, and those of connections whose runtime told nothing. */
export function processorEntries(registry: Registry): ProcessorEntry[] {
  const entries = new Map<string, ProcessorEntry>();
  const key = (runtimeId: string, processorId: string) => `${runtimeId}\n${processorId}`;
  for (const { info, processors } of registry.runtimes.list())
    for (const processor of processors.values())
      entries.set(key(info.id, processor.processorId), reported(info.id, processor, registry));
  // In the order of their creation, so that the newest connection of a processor is the one that stays.
  const unreported = new Map<string, ConnectionRecord>();
  for (const record of registry.connections.list()) {
    const processor = key(record.runtimeId, record.processorId);
    if (entries.has(processor)) continue;
    // Closed in order: what failed before it is over, too.
    if (record.closedAt !== null) unreported.delete(processor);
    else unreported.set(processor, record);
  }
  return [
    ...entries.values(),
    ...[...unreported.values()].map((record) => unreportedEntry(record, registry)),
  ];
}

function reported(runtimeId: string, processor: ProcessorInfo, registry: Registry): ProcessorEntry {
  const record = registry.connections.get(processor.connectionId);
  return { runtimeId, ...processor, derivedState: record === null ? '' : derivedState(record) };
}

function unreportedEntry(record: ConnectionRecord, registry: Registry): ProcessorEntry {
  const derived = derivedState(record);
  const last = isFinal(record) ? registry.runtimes.lastReport(record.runtimeId, record.processorId) : null;
  return {
    runtimeId: record.runtimeId,
    processorId: record.processorId,
    name: record.processorName,
    kind: record.kind,
    state: last?.state === 'stopped' ? last.state : derived,
    // Its process has ended with it, and the number may be another's.
    pid: isFinal(record) ? 0 : (clientPid(record) ?? 0),
    restarts: last?.restarts ?? 0,
    connectionId: record.id,
    derivedState: derived,
    lastError: last?.lastError || (record.failureReason ?? ''),
  };
}
