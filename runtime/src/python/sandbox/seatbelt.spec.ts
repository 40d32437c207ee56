import { describe, expect, it } from 'vitest';
import { seatbeltProfile } from './seatbelt.js';

const paths = {
  codeDir: '/Users/me/code',
  environment: '/Users/me/.streamlib/venv',
  base: '/opt/python',
  interpreter: '/opt/python/bin/python3.11',
  scratch: '/private/var/folders/x/scratch',
};
const profile = seatbeltProfile(paths);
const rules = profile.trim().split('\n');
const allowing = (what: string) => rules.filter((rule) => rule.startsWith('(allow') && rule.includes(what));

describe('the Seatbelt profile', () => {
  it('refuses what it does not name, the network by name', () => {
    expect(rules.slice(0, 3)).toEqual(['(version 1)', '(deny default)', '(deny network*)']);
    expect(allowing('network')).toEqual([]);
    expect(allowing('mach-lookup')).toEqual([]);
    expect(rules.filter((rule) => !/^\((?:version|deny|allow) .*\)$/.test(rule))).toEqual([]);
  });

  it('lets no process be made, and no other program than the interpreter be run', () => {
    expect(allowing('process-fork')).toEqual([]);
    expect(allowing('process-exec')).toEqual(['(allow process-exec (literal "/opt/python/bin/python3.11"))']);
    expect(allowing('signal')).toEqual(['(allow signal (target self))']);
  });

  it('reads its own folder, the environment and the system only', () => {
    const read = allowing('file-read*')
      .join(' ')
      .match(/"[^"]*"/g);
    expect(read?.sort()).toEqual(
      [
        ...Object.values(paths),
        '/',
        '/usr/lib',
        '/usr/share/zoneinfo',
        '/System/Library',
        '/Library/Apple/System',
        '/dev/null',
        '/dev/zero',
        '/dev/random',
        '/dev/urandom',
      ]
        .map((path) => `"${path}"`)
        .sort(),
    );
    // The root is one folder, not what is below it.
    expect(profile).not.toContain('(subpath "/")');
  });

  it('writes to the scratch folder only', () => {
    expect(allowing('file-write')).toEqual([
      `(allow file-read* file-write* (subpath "${paths.scratch}"))`,
      '(allow file-write-data (literal "/dev/null"))',
    ]);
  });

  it('takes a path for a path, whatever is in it', () => {
    const codeDir = '/tmp/a") (allow network*) (subpath "b\\';
    const odd = seatbeltProfile({ ...paths, codeDir });
    expect(odd).toContain('(subpath "/tmp/a\\") (allow network*) (subpath \\"b\\\\")');
    expect(odd.split('\n')).toHaveLength(profile.split('\n').length);
  });
});
