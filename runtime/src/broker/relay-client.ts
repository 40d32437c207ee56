import {
  type Connection,
  type ControlValue,
  connectNamed,
  type Endpoint,
  relayPath,
} from '@streamlib/host-bridge';
import { StreamlibError, toError } from '../base/streamlib-error.js';

const REPLY_LIMIT_MS = 5_000;

export type StoreResult = 'stored' | 'connection_not_found';

/**
 * Hands an endpoint to the broker's relay. One short connection for each: a runtime stores an endpoint only when a Python
 * process starts, and a connection that is not kept cannot go stale when the broker is restarted.
 */
export function storeEndpoint(connectionId: string, endpoint: Endpoint): Promise<StoreResult> {
  return new Promise((resolve, reject) => {
    let connection: Connection;
    try {
      connection = connectNamed(relayPath());
    } catch (cause) {
      reject(
        new StreamlibError(
          'broker_unavailable',
          `the broker's relay at ${relayPath()} does not answer: ${toError(cause).message}`,
          { cause },
        ),
      );
      return;
    }
    const settle = (act: () => void) => {
      clearTimeout(limit);
      connection.onClose = () => {};
      connection.close();
      act();
    };
    const failed = (message: string) =>
      settle(() => reject(new StreamlibError('broker_unavailable', message)));
    const limit = setTimeout(
      () => failed(`the broker's relay did not reply within ${REPLY_LIMIT_MS / 1000} s`),
      REPLY_LIMIT_MS,
    );
    connection.onControl = (message, received) => {
      received?.close();
      settle(() => answer(message));
    };
    connection.onClose = (reason) => failed(`the broker's relay closed the connection: ${reason.message}`);
    const answer = (message: Record<string, ControlValue>) => {
      if (message.success === true) resolve('stored');
      else if (message.error === 'connection_not_found') resolve('connection_not_found');
      else
        reject(
          new StreamlibError(
            'broker_refused',
            `the broker's relay refused the endpoint: ${String(message.error ?? 'no reason given')}`,
          ),
        );
    };
    try {
      connection.start();
      connection.sendControl({ type: 'store_endpoint', connection_id: connectionId }, endpoint);
    } catch (error) {
      failed(`the endpoint could not be handed to the broker's relay: ${toError(error).message}`);
    }
  });
}
