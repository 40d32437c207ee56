import { createHash, timingSafeEqual } from 'node:crypto';
import { type handleUnaryCall, type Metadata, status } from '@grpc/grpc-js';
import { BrokerError, type BrokerErrorCode, messageOf } from '../errors/broker-error.js';
import type { Logger } from '../logs/index.js';

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
  locked: status.INTERNAL,
  io: status.INTERNAL,
};

/** What all calls have in common: who may make them, and how their errors are told. */
export class Calls {
  private readonly tokenHash: Buffer | null;

  /** `token` null: whoever reaches the socket may call. */
  constructor(
    private readonly log: Logger,
    token: string | null,
  ) {
    this.tokenHash = token === null ? null : hash(token);
  }

  unary<Request, Response>(
    name: string,
    handle: (request: Request) => Response,
  ): handleUnaryCall<Request, Response> {
    return (call, reply) => {
      let response: Response;
      try {
        this.authenticate(call.metadata);
        response = handle(call.request);
      } catch (error) {
        reply(this.errorOf(name, error));
        return;
      }
      reply(null, response);
    };
  }

  authenticate(metadata: Metadata): void {
    if (this.tokenHash === null) return;
    const header = metadata.get('authorization')[0];
    const given = typeof header === 'string' ? header.replace(/^Bearer /i, '') : null;
    // Hashes, because equal lengths are what the comparison in constant time wants.
    if (given !== null && timingSafeEqual(hash(given), this.tokenHash)) return;
    throw new BrokerError(
      'unauthenticated',
      `The call carries ${given === null ? 'no token' : 'a wrong token'}; set STREAMLIB_BROKER_TOKEN to the one that the broker was started with`,
    );
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
      details: `${name} failed inside of the broker: ${messageOf(error)}; see "streamlib broker logs"`,
    };
  }
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
