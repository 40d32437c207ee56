import { join } from 'node:path';
import { Program } from './processes.js';
import { checkout } from './world.js';

/** A user of the machine who owns nothing. Only root may become another user. */
const spareUid = 65_534;

export const canBeAnotherUser = process.getuid?.() === 0;

/** A program of ours, run by that user without any of our environment. */
export function asAnotherUser(script: string, ...args: string[]): Program {
  const command = ['--reuid', String(spareUid), '--regid', String(spareUid), '--clear-groups'];
  const env = { PATH: process.env.PATH, HOME: '/' };
  return new Program(
    'setpriv',
    [...command, process.execPath, join(checkout, script), ...args],
    env,
    checkout,
  );
}
