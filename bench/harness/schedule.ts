// Which cells are measured, and how the time is shared out among them. Pure: what the clock says is passed in.

import { PACED_BYTES } from './options.js';
import { PINNED_PEERS, PINNED_SIZES } from './plan.js';
import type { Pattern, Peer, Pinning, Plan } from './types.js';

/** Cells that are measured beside each other, repeat by repeat, so that whatever the machine does meets all of them. */
export interface Group {
  pattern: Pattern;
  bytes: number;
  pinning: Pinning;
  peers: string[];
  repeats: number;
}

export function groupsOf(plan: Plan, peers: readonly Peer[]): Group[] {
  const groups: Group[] = [];
  for (const pinning of plan.pinnings) {
    for (const pattern of plan.patterns) {
      for (const bytes of pattern === 'paced' ? [PACED_BYTES] : plan.sizes) {
        if (pinning !== 'free' && (pattern !== 'one' || !PINNED_SIZES.includes(bytes))) continue;
        const names = peers
          .filter((peer) => pattern !== 'four' || peer.four)
          .map((peer) => peer.name)
          .filter((name) => pinning === 'free' || PINNED_PEERS.includes(name))
          .filter(
            (name) => pattern !== 'paced' || plan.pace.peers === null || plan.pace.peers.includes(name),
          );
        const repeats = pattern === 'paced' ? plan.pace.repeats : plan.repeats;
        if (names.length > 0) groups.push({ pattern, bytes, pinning, peers: names, repeats });
      }
    }
  }
  return groups;
}

/** What a group is expected to take, in milliseconds. */
export function expectedMs(group: Group, plan: Plan) {
  const { pace } = plan;
  const one =
    group.pattern === 'paced'
      ? ((pace.frames + pace.warmFrames) * 1000) / 60 + pace.hotMs
      : plan.warmMs + plan.measureMs;
  return group.peers.length * group.repeats * one;
}

/** Until when the first of the groups that are left may go on. */
export function endOfFirst(left: readonly Group[], plan: Plan, now: number) {
  if (plan.deadline === Number.POSITIVE_INFINITY) return plan.deadline;
  const weights = left.map((group) => expectedMs(group, plan));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return now + ((plan.deadline - now) * (weights[0] ?? 0)) / all;
}

/** Turn by turn another one begins, so that none always comes after the same neighbour. */
export const rotated = <T>(list: readonly T[], by: number) => [
  ...list.slice(by % list.length),
  ...list.slice(0, by % list.length),
];
