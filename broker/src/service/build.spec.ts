import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { gitHash, version } from './build.js';

const hash = '0123456789abcdef0123456789abcdef01234567';
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-build-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

it.each<[string, Record<string, string>]>([
  ['a branch', { '.git/HEAD': 'ref: refs/heads/main\n', '.git/refs/heads/main': `${hash}\n` }],
  ['a detached head', { '.git/HEAD': `${hash}\n` }],
  [
    'a packed branch',
    { '.git/HEAD': 'ref: refs/heads/main\n', '.git/packed-refs': `# pack-refs\n${hash} refs/heads/main\n` },
  ],
  [
    'a worktree',
    {
      '.git': 'gitdir: main/.git/worktrees/w\n',
      'main/.git/worktrees/w/HEAD': 'ref: refs/heads/w\n',
      'main/.git/worktrees/w/commondir': '../..\n',
      'main/.git/refs/heads/w': `${hash}\n`,
    },
  ],
])('finds the commit of %s', (_, files) => {
  for (const [path, text] of Object.entries(files)) write(path, text);
  expect(gitHash(folder)).toBe('0123456');
});

it('is empty outside of a checkout, and where git holds something odd', () => {
  expect(gitHash(folder)).toBe('');
  write('.git/HEAD', '../../etc/passwd');
  expect(gitHash(folder)).toBe('');
});

it('knows the version of its own package', () => {
  expect(version()).toMatch(/^\d+\.\d+\.\d+/);
});
