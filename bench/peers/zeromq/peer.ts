import { typescriptProgram } from '../../../scripts/lib/paths.js';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'zeromq',
  title: 'ZeroMQ: Node zeromq to pyzmq, ipc',
  quick: false,
  four: true,
  needs: { python: ['numpy', 'pyzmq==27.3.0'], npm: ['zeromq'], floor: true },
  unavailable: () => null,
  command: () => [process.execPath, ...typescriptProgram('bench/peers/zeromq/host.ts')],
} satisfies Peer;
