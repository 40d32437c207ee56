import { type handleUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import { BrokerError, type BrokerErrorCode, messageOf } from '../errors/broker-error.js';
import type { Logger } from '../logs/index.js';
import type { Connections } from '../registry/index.js';
import { isFinal } from '../state-machine/index.js';
import type { Caller, Tokens } from '../tokens/index.js';

export interface CallError {
  readonly code: status;
  readonly details: string;
}

const statusOf: Record<BrokerErrorCode, status> = {
  invalid: status.INVALID_ARGUMENT,
  not_found: status.NOT_FOUND,
  precondition: status.FAILED_PRECONDITION,
  exhausted: status.RESOURCE_EXHAUSTED,
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  locked: status.INTERNAL,
  io: status.INTERNAL,
};

/** What all calls have in common: who may make them, and how their errors are told. */
export class Calls {
  /** `tokens` null: whoever reaches the socket may call. */
  constructor(
    private readonly log: Logger,
    private readonly connections: Connections,
    readonly tokens: Tokens | null,
  ) {}

  /** For the user's own programs only: runtimes and the command line. */
  unary<Request, Response>(
    name: string,
    handle: (request: Request) => Response,
  ): handleUnaryCall<Request, Response> {
    return this.guarded(name, (caller) => this.mustBeUser(name, caller), handle);
  }

  /** Also for the client of the connection that the request names. */
  clientUnary<Request extends { connectionId: string }, Response>(
    name: string,
    handle: (request: Request) => Response,
    isHosts: (request: Request) => boolean = () => false,
  ): handleUnaryCall<Request, Response> {
    return this.guarded(
      name,
      (caller, request) => {
        if (caller === null || caller.kind === 'user') return;
        if (caller.connectionId !== request.connectionId)
          throw new BrokerError(
            'forbidden',
            `The token is that of connection ${caller.connectionId}'s client, and good for that connection only`,
          );
        if (isHosts(request)) this.mustBeUser(`${name} for the host`, caller);
        this.mustLive(caller.connectionId);
      },
      handle,
    );
  }

  /** For the user's own programs; throws `unauthenticated` or `forbidden`. */
  authenticate(name: string, metadata: Metadata): void {
    this.mustBeUser(name, this.callerOf(metadata));
  }

  errorOf(name: string, error: unknown): CallError {
    if (error instanceof BrokerError && statusOf[error.code] !== status.INTERNAL) {
      // A wrong id is the caller's own affair, and part of life after a restart; a refusal is what an operator looks for.
      const level = error.code === 'invalid' || error.code === 'not_found' ? 'debug' : 'warn';
      this.log[level]({ call: name }, `refused: ${error.message}`);
      return { code: statusOf[error.code], details: error.message };
    }
    this.log.error({ err: error, call: name }, `${name} failed: ${messageOf(error)}`);
    return {
      code: status.INTERNAL,
      details: `${name} failed inside the broker: ${messageOf(error)}; see "streamlib broker logs"`,
    };
  }

  private guarded<Request, Response>(
    name: string,
    check: (caller: Caller | null, request: Request) => void,
    handle: (request: Request) => Response,
  ): handleUnaryCall<Request, Response> {
    return (call, reply) => {
      let response: Response;
      try {
        check(this.callerOf(call.metadata), call.request);
        response = handle(call.request);
      } catch (error) {
        reply(this.errorOf(name, error));
        return;
      }
      reply(null, response);
    };
  }

  /** Null where no token is asked for. The token itself is never told, neither in the log nor to the caller. */
  private callerOf(metadata: Metadata): Caller | null {
    if (this.tokens === null) return null;
    const header = metadata.get('authorization')[0];
    const given = typeof header === 'string' ? header.replace(/^Bearer /i, '') : null;
    const caller = given === null ? null : this.tokens.identify(given);
    if (caller !== null) return caller;
    throw new BrokerError(
      'unauthenticated',
      `The call carries ${given === null ? 'no token' : 'a wrong token'}; send the one in broker.token of the broker's state directory (STREAMLIB_HOME), or set STREAMLIB_BROKER_TOKEN to the one that it was started with`,
    );
  }

  private mustBeUser(name: string, caller: Caller | null): void {
    if (caller === null || caller.kind === 'user') return;
    throw new BrokerError('forbidden', `${name} is not for the client of a connection, whose token this is`);
  }

  /** Unknown is not ended: after a restart of the broker, a client may come before its runtime. */
  private mustLive(connectionId: string): void {
    const record = this.connections.get(connectionId);
    if (record === null || !isFinal(record)) return;
    const why = record.failureReason ?? record.closeReason ?? 'closed';
    throw new BrokerError(
      'unauthenticated',
      `Connection ${connectionId} has ended (${why}), and its client's token with it`,
    );
  }
}
