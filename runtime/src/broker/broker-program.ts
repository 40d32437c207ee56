import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { StreamlibError } from '../base/streamlib-error.js';

/** The broker's program. It is started, never imported: the runtime does not depend on the broker, it talks to it. */
export function findBrokerProgram(): string {
  const named = process.env.STREAMLIB_BROKER_BIN;
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named;
    throw new StreamlibError(
      'broker_unavailable',
      `STREAMLIB_BROKER_BIN names ${named}, which does not exist`,
    );
  }
  const folders = createRequire(import.meta.url).resolve.paths('@streamlib/broker') ?? [];
  for (const folder of folders) {
    const program = join(folder, '@streamlib', 'broker', 'bin', 'streamlib-broker.js');
    if (existsSync(program)) return program;
  }
  throw new StreamlibError(
    'broker_unavailable',
    'no broker answers, and its program was not found to start one; install @streamlib/broker, or name the program in STREAMLIB_BROKER_BIN',
  );
}
