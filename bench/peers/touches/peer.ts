import { join } from 'node:path';
import type { Peer } from '../../harness/types.js';

export default {
  name: 'touches',
  title: 'page touches alone, one process',
  quick: true,
  four: false,
  needs: { python: ['numpy'], npm: [], floor: false },
  unavailable: () => null,
  command: ({ python }) => [python, join(import.meta.dirname, 'host.py')],
} satisfies Peer;
