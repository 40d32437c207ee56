import { BrokerError } from '../errors/broker-error.js';

/** A descriptor that systemd opened, or kept, for this service. */
export interface Inherited {
  readonly fd: number;
  readonly name: string;
}

/** What was left with systemd for a connection is kept under its id, after this. */
export const endpointPrefix = 'endpoint-';

const firstFd = 3;
const mostFds = 65_536;

/**
 * The descriptors that systemd started this process with. Takes the variables out of the environment: a process that this one
 * starts has nothing to do with them.
 */
export function takeInherited(env: NodeJS.ProcessEnv, pid: number): Inherited[] {
  const { LISTEN_PID: forWhom, LISTEN_FDS: count, LISTEN_FDNAMES: names = '' } = env;
  delete env.LISTEN_PID;
  delete env.LISTEN_FDS;
  delete env.LISTEN_FDNAMES;
  // Meant for another process, whose environment this one has inherited.
  if (count === undefined || forWhom !== String(pid)) return [];
  const total = Number(count);
  if (!Number.isInteger(total) || total < 0 || total > mostFds)
    throw new BrokerError('invalid', `LISTEN_FDS is "${count}", which is not a number of descriptors`);
  const named = names.split(':');
  return Array.from({ length: total }, (_, index) => ({ fd: firstFd + index, name: named[index] ?? '' }));
}
