import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serviceName, usualBrokerAddress } from '@streamlib/host-bridge';
import { beforeEach, expect, it } from 'vitest';

const installer = fileURLToPath(new URL('../../../launchd/install.mjs', import.meta.url));
const program = fileURLToPath(new URL('../../bin/streamlib-broker.js', import.meta.url));

beforeEach(() => {
  for (const name of Object.keys(process.env))
    if (name.startsWith('STREAMLIB_BROKER_')) delete process.env[name];
});

function printed(platform: string, home: string): string {
  return execFileSync(process.execPath, [installer, '--print', '--platform', platform], {
    encoding: 'utf8',
    env: { HOME: home, PATH: process.env.PATH },
  });
}

it('the systemd unit starts this program with this node', () => {
  const unit = printed('linux', '/home/a');
  expect(unit).toContain(`\nExecStart="${process.execPath}" "${program}"\n`);
  expect(unit).toContain('RestartPreventExitStatus=2 4');
  expect(unit).toContain('Type=notify');
  expect(unit).toContain('FileDescriptorStoreMax=4096');
  // Where the relay and gRPC are looked for by default.
  expect(unit).toContain(`ListenSequentialPacket=%t/streamlib/${serviceName()}.sock`);
  expect(unit).toContain(`ListenStream=${usualBrokerAddress()}`);
  expect(unit).not.toMatch(/@[A-Z]+@/);
});

// A machine without systemd has nobody who would read them, either; that it was not asked is told.
it.runIf(spawnSync('systemd-analyze', ['--version']).status === 0)(
  'systemd finds nothing to say against its units',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'streamlib-units-'));
    try {
      const options = { encoding: 'utf8', env: { HOME: folder, PATH: process.env.PATH } } as const;
      const paths = execFileSync(
        process.execPath,
        [installer, '--write', folder, '--platform', 'linux'],
        options,
      );
      const verify = () =>
        spawnSync('systemd-analyze', ['verify', '--user', ...paths.trim().split('\n')], {
          encoding: 'utf8',
          env: { HOME: folder, PATH: process.env.PATH, XDG_RUNTIME_DIR: folder },
        });
      const { status, stdout, stderr } = verify();
      expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
      // It would say something: unknown keys are only warned of.
      const [service = ''] = paths.split('\n');
      writeFileSync(service, readFileSync(service, 'utf8').replace('WatchdogSec', 'WatchdogSek'));
      expect(verify().stderr).toContain("Unknown key 'WatchdogSek'");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);

it('the launchd plist has the label and the Mach service by which the CLI and clients know it', () => {
  const plist = printed('darwin', '/Users/a & b');
  expect(plist).toContain(`<string>${process.execPath}</string>\n    <string>${program}</string>`);
  expect(plist.match(/com\.tatolab\.streamlib\.broker/g)).toHaveLength(2);
  expect(plist).toContain('/Users/a &amp; b/Library/Application Support/streamlib/broker.stderr');
  expect(plist).not.toMatch(/@[A-Z]+@/);
});
