import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RecordedIo } from '../testing/recorded-io.js';
import { listEnvironments } from './environments.js';
import { approvePackages, denyPackage, listPackages, pendingPackages } from './packages.js';

let home: string;
const saved = { ...process.env };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'streamlib-cli-'));
  process.env.STREAMLIB_HOME = home;
  process.env.STREAMLIB_VENV = fileURLToPath(new URL('../../../.streamlib/venv', import.meta.url));
  mkdirSync(join(home, 'packages'), { recursive: true });
  const request = {
    id: 'request-1',
    package: 'shapes',
    name: 'shapes',
    version: '>=1',
    reason: 'to \u001b[31mdraw\nwith',
    requestedBy: 'agent',
    status: 'pending',
    detail: 'a person has to approve it',
    next: 'Wait.',
    requestedAt: '2026-01-01T00:00:00Z',
    changedAt: '2026-01-01T00:00:00Z',
  };
  writeFileSync(join(home, 'packages', 'requests.json'), JSON.stringify({ version: 1, records: [request] }));
});
afterEach(() => {
  for (const name of ['STREAMLIB_HOME', 'STREAMLIB_VENV']) {
    const before = saved[name];
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
  rmSync(home, { recursive: true, force: true });
});

describe('streamlib packages', () => {
  it('shows a person nothing unseen', async () => {
    const file = join(home, 'packages', 'requests.json');
    const text = readFileSync(file, 'utf8').replace('draw', 'dr\u200b\u2060aw\u{e0041} \u200f');
    writeFileSync(file, text);
    const io = new RecordedIo();
    expect(await pendingPackages(io, {})).toBe(0);
    expect(io.outLines.join('\n')).toContain('31mdr aw with');
    expect(io.outLines.join('\n')).not.toMatch(/\p{Cf}/u);
  });

  it('shows what waits for a person, without what would steer the terminal', async () => {
    const io = new RecordedIo();
    expect(await pendingPackages(io, {})).toBe(0);
    expect(io.outLines.join('\n')).toMatch(/request-1 +shapes>=1 +pending +agent +to \\x1b\[31mdraw with/);
    expect(io.outLines.join('\n')).not.toContain('\u001b[31m');
  });

  it('denies with a reason, and is then not asked again', async () => {
    const io = new RecordedIo();
    expect(await denyPackage(io, 'shapes', { reason: 'no need' })).toBe(0);
    expect(io.outLines.join('\n')).toBe('shapes: denied');
    const later = new RecordedIo();
    await pendingPackages(later, {});
    expect(later.errLines.join('\n')).toContain('No requests are waiting for you.');
    await expect(approvePackages(later, ['shapes'], {})).rejects.toThrow(
      /no request for "shapes" is pending/,
    );
    await listPackages(later, { requests: true });
    expect(later.outLines.join('\n')).toMatch(/shapes>=1 +denied .*no need/);
  });

  it('tries all that are named, also after one that nobody has asked for', async () => {
    writeFileSync(join(home, 'streamlib.yaml'), 'packages:\n  index: false\n  offline: true\n');
    const io = new RecordedIo();
    expect(await approvePackages(io, ['nothing', 'shapes'], {})).toBe(1);
    expect(io.errLines.join('\n')).toMatch(/^nothing: no request for "nothing" is pending/m);
    expect(io.errLines.join('\n')).toMatch(/^shapes: /m);
    const later = new RecordedIo();
    await listPackages(later, { requests: true });
    expect(later.outLines.join('\n')).toMatch(/shapes>=1 +failed/);
  });

  it('Ctrl-C ends the installer, and the request says that it was stopped', async () => {
    const uv = join(home, 'uv');
    const pidFile = join(home, 'uv.pid');
    writeFileSync(
      uv,
      `#!/bin/sh\necho $$ > ${pidFile}.new && mv ${pidFile}.new ${pidFile}\nexec sleep 1000\n`,
      {
        mode: 0o755,
      },
    );
    process.env.STREAMLIB_UV = uv;
    const io = new RecordedIo();
    const ended = approvePackages(io, ['shapes'], {});
    try {
      await expect.poll(() => existsSync(pidFile), { timeout: 10_000 }).toBe(true);
      process.emit('SIGINT');
      expect(await ended).toBe(130);
    } finally {
      delete process.env.STREAMLIB_UV;
    }
    expect(io.errLines.join('\n')).toMatch(
      /^shapes: it was stopped before it was done; nothing was changed/m,
    );
    await expect.poll(() => isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  it('lists what is installed, by the name under which it is imported', async () => {
    const io = new RecordedIo();
    expect(await listPackages(io, {})).toBe(0);
    expect(io.outLines.join('\n')).toMatch(/grpcio +[\d.]+ +grpc/);
    expect(io.errLines.join('\n')).toContain('RequireApproval');
  });

  it('tells the environments with their sizes, and removes what nobody uses', async () => {
    const made = (name: string, requirements: string[]) => {
      const path = join(home, 'environments', name);
      mkdirSync(join(path, 'bin'), { recursive: true });
      writeFileSync(join(path, 'bin', 'python'), 'x'.repeat(3 * 2 ** 20));
      const stamp = { wheel: null, satisfied: [], installedAt: '', requirements };
      writeFileSync(join(path, 'streamlib-env.json'), JSON.stringify(stamp));
    };
    made('0123456789abcdef', ['pillow==11.0.0']);
    made('fedcba9876543210', []);
    const io = new RecordedIo();
    expect(await listEnvironments(io, {})).toBe(0);
    expect(io.outLines.join('\n')).toMatch(/0123456789abcdef +3 +0s ago +- +pillow==11\.0\.0/);
    expect(await listEnvironments(io, { prune: true })).toBe(0);
    expect(existsSync(join(home, 'environments', '0123456789abcdef'))).toBe(false);
    expect(io.errLines.join('\n')).toMatch(/^2 that nobody uses were removed/);
  });

  it('fails with the reason when what was granted cannot be installed', async () => {
    writeFileSync(join(home, 'streamlib.yaml'), 'packages:\n  index: false\n  offline: true\n');
    const io = new RecordedIo();
    expect(await approvePackages(io, ['request-1'], {})).toBe(1);
    expect(io.errLines.join('\n')).toMatch(/^shapes: /m);
  });
});
