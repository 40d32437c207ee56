import { join } from 'node:path';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'dora',
  title: 'dora, Python to Python, raw outputs, 1 GiB pool',
  quick: false,
  four: true,
  needs: { python: ['numpy', 'dora-rs==1.1.0', 'dora-rs-cli==1.1.0'], npm: [], floor: false },
  unavailable: () => null,
  command: ({ python }) => [python, join(import.meta.dirname, 'launch.py')],
  // Four 1080p frames or one 4K frame do not fit into the pool that it makes by default.
  environment: () => ({ DORA_NODE_SHM_POOL_SIZE: String(2 ** 30) }),
  startMs: 40_000,
} satisfies Peer;
