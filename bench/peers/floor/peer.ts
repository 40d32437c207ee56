import { typescriptProgram } from '../../../scripts/lib/paths.js';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'floor',
  title: 'raw floor: Node uv_poll + mapped memory',
  quick: true,
  four: true,
  needs: { python: ['numpy'], npm: [], floor: true },
  unavailable: () => (process.platform === 'linux' ? null : 'it uses memfd and SOCK_SEQPACKET of Linux'),
  command: () => [process.execPath, ...typescriptProgram('bench/peers/floor/host.ts')],
} satisfies Peer;
