import { describe, expect, it } from 'vitest';
import { peer } from '../testing/samples.js';
import { parseOptions } from './options.js';
import { makePlan } from './plan.js';
import { endOfFirst, expectedMs, groupsOf, rotated } from './schedule.js';

const peers = [peer('floor'), peer('product'), peer('iceoryx2'), peer('grpc', { quick: false, four: false })];
const planOf = (...args: string[]) => makePlan(parseOptions(args), peers);

describe('options', () => {
  it('refuses what makes no sense, by name', () => {
    expect(() => parseOptions(['--sizes', '10,x'])).toThrow('--sizes: "x" is no whole number above zero');
    expect(() => parseOptions(['--repeats', '0'])).toThrow(RangeError);
    expect(() => parseOptions(['--patterns', 'two'])).toThrow(
      '--patterns: "two" is none of one, four, paced',
    );
    expect(() => parseOptions(['--what'])).toThrow(/--what/);
    expect(() => planOf('--peers', 'floor,nobody')).toThrow('--peers: there is no peer "nobody"');
  });
});

describe('a plan', () => {
  it('leaves the slow peers and the other scenarios out of a quick run', () => {
    const plan = planOf('--quick');
    expect(plan.peers.map(({ name }) => name)).toEqual(['floor', 'product', 'iceoryx2']);
    expect(plan.scenarios).toBe(false);
    expect(plan.deadline).toBeLessThan(50_000);
  });

  it('measures all sizes and patterns in a full run', () => {
    const groups = groupsOf(planOf(), peers);
    const free = groups.filter(({ pinning }) => pinning === 'free');
    expect(free.filter(({ pattern }) => pattern === 'one').map(({ bytes }) => bytes)).toEqual([
      1024, 65_536, 921_600, 6_220_800, 33_177_600,
    ]);
    expect(free.filter(({ pattern }) => pattern === 'paced').map(({ bytes }) => bytes)).toEqual([6_220_800]);
  });

  it('gives a peer only the patterns that it can do', () => {
    const groups = groupsOf(planOf(), peers);
    expect(groups.find(({ pattern }) => pattern === 'one')?.peers).toContain('grpc');
    expect(groups.find(({ pattern }) => pattern === 'four')?.peers).not.toContain('grpc');
  });

  it('shares out the time of a quick run, so that all groups together end at the deadline', () => {
    const plan = planOf('--quick');
    const groups = groupsOf(plan, plan.peers);
    let now = 5_000;
    for (let index = 0; index < groups.length; index++) {
      const end = endOfFirst(groups.slice(index), plan, now);
      expect(end).toBeGreaterThan(now);
      now = end;
    }
    expect(now).toBeCloseTo(plan.deadline, 3);
  });

  it('is expected to fit into the time of a quick run', () => {
    const plan = planOf('--quick');
    const all = groupsOf(plan, plan.peers).reduce((sum, group) => sum + expectedMs(group, plan), 0);
    expect(all).toBeLessThan(plan.deadline - 10_000);
  });

  it('lets another peer begin in each turn', () => {
    expect([0, 1, 2, 3].map((turn) => rotated(['a', 'b', 'c'], turn)[0])).toEqual(['a', 'b', 'c', 'a']);
  });
});
