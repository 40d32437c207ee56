import { type handleServerStreamingCall, status } from '@grpc/grpc-js';
import type {
  BrokerServiceServer,
  TailLogsRequest,
  TailLogsResponse,
  WatchConnectionsRequest,
  WatchConnectionsResponse,
} from '@streamlib/proto';
import { BrokerError } from '../errors/broker-error.js';
import { atLeast, isLogLevel, type LogLine, type LogRing, logLevels } from '../logs/index.js';
import type { ConnectionChange, Registry } from '../registry/index.js';
import { derivedState } from '../state-machine/index.js';
import type { Calls } from './calls.js';
import { connectionEntry } from './entries.js';
import { checked, shapes } from './fields.js';
import { checkState, runtimeMatcher } from './listing-calls.js';
import { type NextMessage, Outgoing } from './outgoing.js';

interface Source<T> {
  readonly next: NextMessage<T>;
  /** Tells the source whom to call when it has something; gives what ends that. */
  subscribe(wake: () => void): () => void;
}

export interface StreamLimits {
  /** Open streams, of all callers together. */
  readonly maxStreams: number;
  /** Changes that wait for one slow reader. */
  readonly maxPending: number;
}

/** The two streams. Both send each thing once, in order, or end with an error that says that something was left out. */
export class StreamCalls {
  private readonly open = new Set<Outgoing<never>>();

  constructor(
    private readonly calls: Calls,
    private readonly registry: Registry,
    private readonly ring: LogRing,
    private readonly limits: StreamLimits,
  ) {}

  handlers(): Pick<BrokerServiceServer, 'watchConnections' | 'tailLogs'> {
    return {
      watchConnections: this.stream('WatchConnections', (request: WatchConnectionsRequest) =>
        this.watch(request),
      ),
      tailLogs: this.stream('TailLogs', (request: TailLogsRequest) => this.tail(request)),
    };
  }

  get size(): number {
    return this.open.size;
  }

  endAll(): void {
    for (const outgoing of [...this.open])
      outgoing.fail({
        code: status.UNAVAILABLE,
        details: 'The broker is stopping; call again when it is back',
      });
  }

  private stream<Request, Response>(
    name: string,
    begin: (request: Request) => Source<Response>,
  ): handleServerStreamingCall<Request, Response> {
    return (call) => {
      const errorOf = (error: unknown) => this.calls.errorOf(name, error);
      try {
        this.calls.authenticate(name, call.metadata);
        if (this.open.size >= this.limits.maxStreams)
          throw new BrokerError(
            'exhausted',
            `The broker serves ${this.open.size} streams, its limit; end some of "broker logs -f" and the like`,
          );
        const source = begin(call.request);
        const outgoing = new Outgoing<Response>(call as never, source.next, errorOf, () => {
          this.open.delete(outgoing as Outgoing<never>);
          end();
        });
        const end = source.subscribe(() => outgoing.pump());
        this.open.add(outgoing as Outgoing<never>);
        outgoing.pump();
      } catch (error) {
        call.emit('error', errorOf(error));
      }
    };
  }

  private watch(request: WatchConnectionsRequest): Source<WatchConnectionsResponse> {
    const { runtimeId, connectionId = '', state = '' } = checked(shapes.filter, request);
    checkState(state);
    const { connections, clock } = this.registry;
    const ofRuntime = runtimeMatcher(this.registry, runtimeId);
    const isWanted = ({ record }: { record: ConnectionChange['record'] }) =>
      (connectionId === '' || record.id === connectionId) &&
      // Asked for each change, also where the state does not match: it learns the ids of a name.
      ofRuntime(record.runtimeId) &&
      (state === '' || derivedState(record) === state);
    const pending: WatchConnectionsResponse[] = [];
    let lost = false;
    if (request.includeCurrent) {
      const now = clock.now();
      for (const record of connections.list())
        if (isWanted({ record }))
          pending.push({
            sequence: connections.lastSequence,
            atMs: now,
            kind: 'snapshot',
            connection: connectionEntry(record, now),
            previousDerivedState: '',
          });
    }
    const room = pending.length + this.limits.maxPending;
    return {
      next: () => {
        if (lost)
          throw new BrokerError(
            'exhausted',
            `More than ${this.limits.maxPending} changes waited for this reader; watch again with include_current`,
          );
        return pending.shift() ?? null;
      },
      subscribe: (wake) =>
        connections.subscribe((change) => {
          if (!isWanted(change) || lost) return;
          if (pending.length >= room) {
            lost = true;
            pending.length = 0;
          } else pending.push(changeMessage(change));
          wake();
        }),
    };
  }

  private tail(request: TailLogsRequest): Source<TailLogsResponse> {
    const level = request.level === '' ? 'info' : request.level.slice(0, 32);
    if (!isLogLevel(level))
      throw new BrokerError(
        'invalid',
        `level is "${level}"; it must be one of ${logLevels.join(', ')}, or empty`,
      );
    const { ring } = this;
    const past = ring.past().filter((line) => atLeast(line.level, level));
    const wanted = request.lines === undefined ? past : request.lines === 0 ? [] : past.slice(-request.lines);
    let cursor = wanted[0]?.sequence ?? ring.lastSequence + 1;
    const last = request.follow ? Number.POSITIVE_INFINITY : ring.lastSequence;
    return {
      next: () => {
        // The ring itself is the queue of all who follow: one who reads too slowly falls out of it.
        while (cursor <= Math.min(last, ring.lastSequence)) {
          const line = ring.at(cursor);
          if (line === null)
            throw new BrokerError(
              'exhausted',
              'Lines were written faster than this reader took them, and some are lost; the log file has them',
            );
          cursor++;
          if (atLeast(line.level, level)) return logMessage(line);
        }
        return cursor > last ? 'end' : null;
      },
      subscribe: (wake) => (request.follow ? ring.follow(wake) : () => undefined),
    };
  }
}

function changeMessage(change: ConnectionChange): WatchConnectionsResponse {
  return {
    sequence: change.sequence,
    atMs: change.at,
    kind: change.kind,
    connection: connectionEntry(change.record, change.at),
    previousDerivedState: change.previous ?? '',
  };
}

function logMessage(line: LogLine): TailLogsResponse {
  const { timeMs, level, message, fieldsJson, sequence } = line;
  return { timeMs, level, message, fieldsJson, sequence };
}
