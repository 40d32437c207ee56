import { join } from 'node:path';

/** @type {import('../../harness/types.ts').Peer} */
export default {
  name: 'floor',
  title: 'raw floor: Node uv_poll + mapped memory',
  quick: true,
  four: true,
  needs: { python: ['numpy'], npm: [], floor: true },
  unavailable: () => (process.platform === 'linux' ? null : 'it uses memfd and SOCK_SEQPACKET of Linux'),
  command: () => [process.execPath, join(import.meta.dirname, 'host.mjs')],
};
