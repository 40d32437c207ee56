// How much is measured. The quick run has to end in time whatever the machine is like, so it works towards a deadline.

import type { parseOptions } from './options.js';
import { PACED_BYTES, SIZES } from './options.js';
import type { Peer, Plan } from './types.js';

/** The command is promised to end within 50 s; starting, stopping and reporting take their part of it. */
const QUICK_MS = 43_000;

/** `peers`: the known ones. */
export function makePlan(options: ReturnType<typeof parseOptions>, peers: readonly Peer[]): Plan {
  const chosen = options.peers;
  for (const name of chosen ?? []) {
    if (!peers.some((peer) => peer.name === name))
      throw new RangeError(`--peers: there is no peer "${name}"`);
  }
  const wanted = peers.filter((peer) =>
    chosen === null ? !options.quick || peer.quick : chosen.includes(peer.name),
  );
  const quick = options.quick;
  return {
    peers: wanted,
    sizes: options.sizes ?? SIZES,
    patterns: options.patterns ?? (quick ? ['one', 'paced'] : ['one', 'four', 'paced']),
    pinnings: options.pinnings ?? (quick ? ['free'] : ['free', 'together', 'apart']),
    repeats: options.repeats ?? 5,
    // Each turn warms up for longer where pages are still touched for the first time.
    warmMostMs: quick ? 600 : 3000,
    warmMs: quick ? 40 : 150,
    measureMs: quick ? 160 : 500,
    pace: quick
      ? { repeats: 2, frames: 90, warmFrames: 20, hotMs: 600, peers: ['floor', 'product'] }
      : { repeats: 3, frames: 180, warmFrames: 40, hotMs: 2000, peers: null },
    scenarios: options.scenarios && !quick,
    // From the start of the process: installing counts, too.
    deadline: quick ? QUICK_MS : Number.POSITIVE_INFINITY,
  };
}

/** Pinned runs only where placement decides: the small frames of those who are compared. */
export const PINNED_PEERS = ['floor', 'product', 'iceoryx2'];
export const PINNED_SIZES = [1024, PACED_BYTES];
