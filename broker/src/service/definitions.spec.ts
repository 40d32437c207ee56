import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const installer = fileURLToPath(new URL('../../../launchd/install.mjs', import.meta.url));
const program = fileURLToPath(new URL('../../bin/streamlib-broker.js', import.meta.url));

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
  expect(unit).not.toMatch(/@[A-Z]+@/);
});

it('the launchd plist has the label and the Mach service by which the CLI and clients know it', () => {
  const plist = printed('darwin', '/Users/a & b');
  expect(plist).toContain(`<string>${process.execPath}</string>\n    <string>${program}</string>`);
  expect(plist.match(/com\.tatolab\.streamlib\.broker/g)).toHaveLength(2);
  expect(plist).toContain('/Users/a &amp; b/Library/Application Support/streamlib/broker.stderr');
  expect(plist).not.toMatch(/@[A-Z]+@/);
});
