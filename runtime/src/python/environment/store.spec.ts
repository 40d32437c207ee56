import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RequestStore, thisProcess } from './store.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'requests-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const gone = Number(spawnSync('/bin/sh', ['-c', 'echo $$'], { encoding: 'utf8' }).stdout);

function statusOf(more: Record<string, unknown>): string | undefined {
  const record = {
    id: 'one',
    package: 'shapes',
    name: 'shapes',
    version: null,
    reason: 'to draw',
    requestedBy: null,
    detail: '',
    next: '',
    requestedAt: '2026-01-01T00:00:00Z',
    changedAt: '2026-01-01T00:00:00Z',
    ...more,
  };
  writeFileSync(join(folder, 'requests.json'), JSON.stringify({ version: 1, records: [record] }));
  return new RequestStore(folder).all()[0]?.status;
}

describe('a request whose installer has ended', () => {
  it.each(['approved', 'installing'])(
    'that was %s does not stay so, and can be asked for again',
    (status) => {
      expect(statusOf({ status, installer: { pid: gone, startedAt: 5 } })).toBe('failed');
      expect(statusOf({ status })).toBe('failed');
      expect(statusOf({ status, installer: thisProcess() })).toBe(status);
    },
  );

  it.runIf(process.platform === 'linux')(
    'and whose number another process has by now does not stay so',
    () => {
      expect(statusOf({ status: 'installing', installer: { ...thisProcess(), startedAt: 5 } })).toBe(
        'failed',
      );
    },
  );

  it.each(['pending', 'installed', 'denied'])('that is %s needs none', (status) => {
    expect(statusOf({ status })).toBe(status);
  });
});
