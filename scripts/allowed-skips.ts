// Tests that may be skipped, and where. Any other that is skipped fails `npm test -- --ci`: what is not tried on a machine is to be
// known, not to be found out. `npm test` names every skipped test, also those that are listed here.
import { NODE_MAJORS, nodePackage } from './lib/node-versions.js';
import { probe } from './lib/run.js';
import type { AllowedSkip } from './lib/skips.js';

const isLinux = process.platform === 'linux';
const isRoot = process.getuid?.() === 0;
const bubblewrapWorks = () =>
  probe('bwrap', ['--ro-bind', '/', '/', '--unshare-all', 'echo', 'works']) === 'works';

export const ALLOWED_SKIPS: readonly AllowedSkip[] = [
  {
    test: /^bubblewrap, where the kernel has no Landlock /,
    reason: 'bubblewrap is installed, but this machine lets no program make namespaces',
    where: () => probe('bwrap', ['--version']) !== null && !bubblewrapWorks(),
  },
  {
    test: /^systemd finds nothing to say against its units$/,
    reason: 'a machine without systemd has no program that reads units',
    where: () => probe('systemd-analyze', ['--version']) === null,
  },
  {
    test: /^'?docs\/(?:licences|soak)\.md'? is wrapped at /,
    reason: 'written by a command, not by a person',
    where: () => true,
  },
  {
    test: /^G1: on Node \d+ /,
    reason: 'there are no npm packages of these versions for this platform',
    where: () => NODE_MAJORS.every((major) => nodePackage(major) === null),
  },
  {
    test: /./,
    reason: 'the tests of processes read what only Linux has',
    where: () => !isLinux,
  },
  {
    test: /^(?:what cannot be removed does not keep a node from starting|.* fills? .*disk.*)$/,
    reason: 'only root can make such a folder or disk',
    where: () => !isRoot,
  },
  {
    test: /^client-runner\/tests\/test_sandbox\.py/,
    reason: 'the numbers of system calls are those of x86-64',
    where: () => process.arch !== 'x64',
  },
];
