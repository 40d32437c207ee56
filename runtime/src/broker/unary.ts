import {
  type CallOptions,
  type ClientUnaryCall,
  type Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { StreamlibError } from '../base/streamlib-error.js';

/** A method of a generated client, as grpc-js makes them. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** The broker's own answer that it will not do what was asked; trying again would not help. */
export class BrokerRefusal extends StreamlibError {
  constructor(
    readonly status: number,
    message: string,
    options?: ErrorOptions,
  ) {
    super('broker_refused', message, options);
  }
}

/** One call. Rejects with `broker_unavailable` when nobody answered, and with a `BrokerRefusal` when the answer was no. */
export function unary<Request, Response>(
  name: string,
  method: UnaryMethod<Request, Response>,
  request: Request,
  metadata: Metadata,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal },
): Promise<Response> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(new StreamlibError('stopped', `${name}: stopped`));
      return;
    }
    const abort = () => call.cancel();
    const call = method(
      request,
      metadata,
      { deadline: Date.now() + options.deadlineMs },
      (error, response) => {
        signal?.removeEventListener('abort', abort);
        if (error === null) resolve(response);
        else reject(signal?.aborted ? new StreamlibError('stopped', `${name}: stopped`) : told(name, error));
      },
    );
    signal?.addEventListener('abort', abort, { once: true });
  });
}

function told(name: string, error: ServiceError): StreamlibError {
  switch (error.code) {
    case status.UNAVAILABLE:
    case status.DEADLINE_EXCEEDED:
      return new StreamlibError(
        'broker_unavailable',
        `${name}: the broker does not answer: ${error.details}`,
        { cause: error },
      );
    default:
      return new BrokerRefusal(error.code, `${name}: ${error.details}`, { cause: error });
  }
}

export function isUnavailable(error: unknown): boolean {
  return error instanceof StreamlibError && error.code === 'broker_unavailable';
}

/** The broker lives but has never heard of what was named, or has forgotten it. */
export function isNotFound(error: unknown): boolean {
  return error instanceof BrokerRefusal && error.status === status.NOT_FOUND;
}

/** The broker has not seen a step that comes before this one. */
export function isOutOfOrder(error: unknown): boolean {
  return error instanceof BrokerRefusal && error.status === status.FAILED_PRECONDITION;
}

/** Somebody answered, and does not take the token that came with the call. */
export function isUnauthenticated(error: unknown): boolean {
  return error instanceof BrokerRefusal && error.status === status.UNAUTHENTICATED;
}
