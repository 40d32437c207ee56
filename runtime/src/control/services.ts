import type { Services } from './ports.js';

/** What a runtime of this machine offers to those who control it. */
export async function openServices(): Promise<Services> {
  return { packages: null, checker: null, sandbox: null };
}
