import { join } from 'node:path';

/** @type {import('../../harness/types.ts').Peer} */
export default {
  name: 'zeromq',
  title: 'ZeroMQ: Node zeromq to pyzmq, ipc',
  quick: false,
  four: true,
  needs: { python: ['numpy', 'pyzmq==27.3.0'], npm: ['zeromq'], floor: true },
  unavailable: () => null,
  command: () => [process.execPath, join(import.meta.dirname, 'host.mjs')],
};
