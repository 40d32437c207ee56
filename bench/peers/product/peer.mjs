import { join } from 'node:path';

/** @type {import('../../harness/types.ts').Peer} */
export default {
  name: 'product',
  title: 'StreamLib: graph in TypeScript, reactive Python processor',
  quick: true,
  four: true,
  needs: { python: [], npm: [], floor: true },
  unavailable: () => null,
  command: () => [process.execPath, join(import.meta.dirname, 'host.mjs')],
};
