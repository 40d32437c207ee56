import type { Logger } from '../log/logger.js';
import type { BrokerSession, RuntimeInfo } from './session.js';

export function openSession(
  _info: RuntimeInfo,
  _options: { log: Logger; onProgress: (message: string) => void; signal: AbortSignal },
): Promise<BrokerSession> {
  throw new Error('not yet');
}
