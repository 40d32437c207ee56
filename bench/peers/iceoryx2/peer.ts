import { join } from 'node:path';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'iceoryx2',
  title: 'iceoryx2, Python to Python, event-driven',
  quick: true,
  four: true,
  needs: { python: ['numpy', 'iceoryx2==0.10.0'], npm: [], floor: false },
  unavailable: () => null,
  command: ({ python }) => [python, join(import.meta.dirname, 'host.py')],
} satisfies Peer;
