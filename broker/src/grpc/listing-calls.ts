import type { BrokerServiceServer, GetStatusResponse } from '@streamlib/proto';
import { BrokerError } from '../errors/broker-error.js';
import type { Registry } from '../registry/index.js';
import { derivedState, derivedStates, isDerivedState } from '../state-machine/index.js';
import type { Calls } from './calls.js';
import { connectionEntry, processorEntries, runtimeEntry } from './entries.js';
import { checked, shapes } from './fields.js';

type ListingCalls = Pick<
  BrokerServiceServer,
  'getStatus' | 'listRuntimes' | 'listConnections' | 'listProcessors'
>;

/** What does not change while the broker runs. */
export interface Identity {
  readonly version: string;
  readonly gitHash: string;
  readonly pid: number;
  readonly serviceName: string;
  readonly relayPath: string;
  readonly logFile: string;
  readonly startedAtMs: number;
  readonly brokerInstanceId: string;
}

export interface Standing {
  readonly status: 'healthy' | 'stopping';
  readonly grpcAddress: string;
}

export function listingCalls(
  calls: Calls,
  registry: Registry,
  identity: Identity,
  standing: () => Standing,
): ListingCalls {
  const { connections, runtimes, clock } = registry;
  return {
    getStatus: calls.unary('GetStatus', (): GetStatusResponse => {
      const counts = connections.counts();
      return {
        ...identity,
        ...standing(),
        uptimeSecs: Math.floor((clock.now() - identity.startedAtMs) / 1000),
        runtimeCount: runtimes.size,
        connectionCount: counts.live,
        readyCount: counts.ready,
        pendingCount: counts.pending,
        failedCount: counts.failed,
        processorCount: processorEntries(registry).length,
      };
    }),
    listRuntimes: calls.unary('ListRuntimes', (request) => {
      const { runtimeId } = checked(shapes.filter, request);
      const matches = runtimeMatcher(registry, runtimeId);
      if (runtimeId !== '') mustExist(registry, runtimeId, matches);
      const found = [...runtimes.list()].filter(({ info }) => matches(info.id));
      return { runtimes: found.map((record) => runtimeEntry(record, registry)) };
    }),
    listConnections: calls.unary('ListConnections', (request) => {
      const { runtimeId, state = '' } = checked(shapes.filter, request);
      checkState(state);
      const matches = runtimeMatcher(registry, runtimeId);
      if (runtimeId !== '') mustExist(registry, runtimeId, matches);
      const now = clock.now();
      const found = [...connections.list()].filter((record) => {
        const derived = derivedState(record);
        if (state !== '' ? derived !== state : derived === 'closed' && !request.includeClosed) return false;
        return matches(record.runtimeId);
      });
      return { connections: found.map((record) => connectionEntry(record, now)) };
    }),
    listProcessors: calls.unary('ListProcessors', (request) => {
      const { runtimeId, state = '' } = checked(shapes.filter, request);
      const matches = runtimeMatcher(registry, runtimeId);
      if (runtimeId !== '') mustExist(registry, runtimeId, matches);
      const found = processorEntries(registry).filter((entry) => matches(entry.runtimeId));
      return { processors: state === '' ? found : found.filter((entry) => entry.state === state) };
    }),
  };
}

export function checkState(state: string): void {
  if (state === '' || isDerivedState(state)) return;
  throw new BrokerError(
    'invalid',
    `state is "${state}"; it must be one of ${derivedStates.join(', ')}, or empty`,
  );
}

/** Whether the runtime of that id is the one that is meant, by id or by name. Empty: each is. */
export function runtimeMatcher(registry: Registry, wanted: string): (runtimeId: string) => boolean {
  if (wanted === '') return () => true;
  // A runtime's connections outlive its registration for a while; who watches it by name wants their end, too.
  const known = new Set<string>();
  return (runtimeId) => {
    if (runtimeId === wanted || known.has(runtimeId)) return true;
    if (registry.runtimes.get(runtimeId)?.info.name !== wanted) return false;
    known.add(runtimeId);
    return true;
  };
}

function mustExist(registry: Registry, wanted: string, matches: (runtimeId: string) => boolean): void {
  for (const { info } of registry.runtimes.list()) if (matches(info.id)) return;
  for (const record of registry.connections.list()) if (matches(record.runtimeId)) return;
  throw new BrokerError(
    'not_found',
    `No runtime has the id or the name "${wanted}"; "streamlib broker runtimes" lists them`,
  );
}
