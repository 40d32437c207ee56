import { describe, expect, it } from 'vitest';
import { defaultSettings, parseSettings } from './settings.js';

function messageOf(text: string): string {
  try {
    parseSettings(text, 'streamlib.yaml');
  } catch (error) {
    return String((error as Error).message);
  }
  return '';
}

describe('settings', () => {
  it('are what is written, and nothing needs to be', () => {
    expect(parseSettings('', 'f')).toEqual({});
    expect(parseSettings('packages:\n  strategy: AllowList\n  allow: [numpy, "scipy>=1.10"]\n', 'f')).toEqual(
      {
        packages: { strategy: 'AllowList', allow: ['numpy', 'scipy>=1.10'] },
      },
    );
  });

  it('tell every mistake with its place', () => {
    const told = messageOf(
      'packages:\n  strategy: Sometimes\n  alow: [numpy]\nsandbox:\n  memory_mb: lots\nsandbocks: {}\n',
    );
    expect(told.split('\n').sort()).toEqual([
      'streamlib.yaml:2:13: packages.strategy: expected AllowList, AutoApprove, RequireApproval or DenyAll',
      'streamlib.yaml:3:3: unknown setting "alow"; did you mean "allow"?',
      'streamlib.yaml:5:14: sandbox.memory_mb: expected a number of MiB',
      'streamlib.yaml:6:1: unknown setting "sandbocks"; did you mean "sandbox"?',
    ]);
  });

  it('tell where the form is wrong', () => {
    expect(messageOf('packages: [\n')).toMatch(/^streamlib\.yaml:\d+:\d+: /);
  });

  it('ask a person for packages, and refuse to run code unconfined, unless they say otherwise', () => {
    const { packages, sandbox } = defaultSettings();
    expect(packages.strategy).toBe('RequireApproval');
    expect(packages.builds).toBe(false);
    expect(sandbox.when_missing).toBe('refuse');
  });
});
