import { describe, expect, it } from 'vitest';
import { serviceManager } from './service-manager.js';

function recorder(refuse: RegExp | null = null) {
  const commands: string[] = [];
  return {
    commands,
    run: async (command: string, args: readonly string[]) => {
      const line = [command, ...args].join(' ');
      commands.push(line);
      if (refuse?.test(line)) throw new Error('exit code 1');
    },
  };
}

describe('serviceManager', () => {
  it('restarts by systemd on Linux where the unit is installed', async () => {
    const { commands, run } = recorder();
    await (await serviceManager({}, 'linux', run))?.restart();
    expect(commands).toEqual([
      'systemctl --user is-enabled streamlib-broker.service',
      'systemctl --user restart streamlib-broker.service',
    ]);
  });

  it('restarts by kickstart on macOS, never by bootout', async () => {
    const { commands, run } = recorder();
    await (await serviceManager({}, 'darwin', run))?.restart();
    expect(commands[1]).toMatch(/^launchctl kickstart -k gui\/\d+\/com\.tatolab\.streamlib\.broker$/);
  });

  it('is none where the service is not installed', async () => {
    expect(await serviceManager({}, 'linux', recorder(/is-enabled/).run)).toBeNull();
  });

  it('is launchd under the name of the environment in development on macOS', async () => {
    const { commands, run } = recorder();
    const env = { STREAMLIB_DEV_MODE: '1', STREAMLIB_BROKER_XPC_SERVICE: 'com.example.dev' };
    await (await serviceManager(env, 'darwin', run))?.start();
    expect(commands.map((command) => command.replace(/gui\/\d+/, 'gui/0'))).toEqual([
      'launchctl print gui/0/com.example.dev',
      'launchctl kickstart gui/0/com.example.dev',
    ]);
  });

  it('is none in development on Linux: an installed broker is not touched', async () => {
    const { commands, run } = recorder();
    expect(await serviceManager({ STREAMLIB_DEV_MODE: '1' }, 'linux', run)).toBeNull();
    expect(await serviceManager({ STREAMLIB_BROKER_XPC_SERVICE: 'x' }, 'linux', run)).toBeNull();
    expect(commands).toEqual([]);
  });
});
