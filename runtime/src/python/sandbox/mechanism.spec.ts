import { describe, expect, it } from 'vitest';
import { chooseMechanism, type Support } from './mechanism.js';

const no = { lacking: 'not there' };
const linux: Support = { landlock: 6, seccomp: true, bubblewrap: { path: '/usr/bin/bwrap' }, seatbelt: no };
const mac: Support = {
  landlock: 0,
  seccomp: false,
  bubblewrap: no,
  seatbelt: { path: '/usr/bin/sandbox-exec' },
};

describe('chooseMechanism', () => {
  it('takes Landlock where the kernel has it', () => {
    expect(chooseMechanism(linux, 'linux', 'auto')).toMatchObject({
      mechanism: 'landlock',
      name: 'landlock+seccomp',
      note: 'Landlock ABI 6',
    });
  });

  it('falls back on bubblewrap, and says why', () => {
    expect(chooseMechanism({ ...linux, landlock: 0 }, 'linux', 'auto')).toMatchObject({
      mechanism: 'bubblewrap',
      name: 'bubblewrap+seccomp',
      program: '/usr/bin/bwrap',
      note: expect.stringContaining('no Landlock'),
    });
  });

  it('takes Seatbelt on macOS', () => {
    expect(chooseMechanism(mac, 'darwin', 'auto')).toMatchObject({ mechanism: 'seatbelt', name: 'seatbelt' });
  });

  it('takes the one that the settings name, or none', () => {
    expect(chooseMechanism(linux, 'linux', 'bubblewrap')).toMatchObject({ mechanism: 'bubblewrap' });
    expect(chooseMechanism({ ...linux, bubblewrap: no }, 'linux', 'bubblewrap')).toEqual({
      lacking: 'no sandbox can be had: not there',
    });
    expect(chooseMechanism(linux, 'linux', 'seatbelt')).toEqual({
      lacking: 'no sandbox can be had: there is no seatbelt on linux',
    });
  });

  it('tells everything that is lacking', () => {
    expect(chooseMechanism({ ...linux, landlock: 0, bubblewrap: no }, 'linux', 'auto')).toEqual({
      lacking: expect.stringMatching(/no Landlock.*; not there/),
    });
    expect(chooseMechanism({ ...linux, seccomp: false }, 'linux', 'auto')).toEqual({
      lacking: expect.stringContaining('seccomp'),
    });
    expect(chooseMechanism('no interpreter', 'linux', 'auto')).toEqual({
      lacking: 'no sandbox can be had: no interpreter',
    });
    expect(chooseMechanism(mac, 'win32', 'auto')).toEqual({
      lacking: 'no sandbox can be had: there is none for win32',
    });
  });
});
