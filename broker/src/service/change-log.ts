import type { Logger } from '../logs/index.js';
import type { Connections } from '../registry/index.js';
import { derivedState } from '../state-machine/index.js';

/** Writes each connection's way into the log: what an operator wants to see at `info`, every step at `debug`. */
export function logChanges(connections: Connections, log: Logger): () => void {
  return connections.subscribe(({ kind, record, previous }) => {
    const about = {
      connection_id: record.id,
      runtime_id: record.runtimeId,
      processor_id: record.processorId,
    };
    const state = derivedState(record);
    if (kind === 'created') log.debug({ ...about, state }, 'connection created');
    else if (kind === 'removed') log.debug(about, 'connection forgotten');
    else if (state === previous)
      log.debug(
        { ...about, state, host: record.host.state, client: record.client.state },
        'connection changed',
      );
    else if (state === 'failed') log.warn(about, `connection failed: ${record.failureReason}`);
    else if (state === 'closed') log.info({ ...about, reason: record.closeReason }, 'connection closed');
    else if (state === 'ready') log.info(about, 'connection ready');
    else log.debug({ ...about, state, previous }, `connection ${state}`);
  });
}
