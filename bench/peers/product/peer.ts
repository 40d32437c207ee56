import { typescriptProgram } from '../../../scripts/lib/paths.js';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'product',
  title: 'StreamLib: graph in TypeScript, reactive Python processor',
  quick: true,
  four: true,
  needs: { python: [], npm: [], floor: true },
  unavailable: () => null,
  command: () => [process.execPath, ...typescriptProgram('bench/peers/product/host.ts')],
} satisfies Peer;
