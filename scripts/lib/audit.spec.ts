import { describe, expect, it } from 'vitest';
import { npmVerdict, pythonVerdict, rustVerdict } from './audit.js';

const npm = (vulnerabilities: readonly { name: string; severity: string; range: string }[]) =>
  JSON.stringify({
    vulnerabilities: Object.fromEntries(vulnerabilities.map((each) => [each.name, each])),
    metadata: { vulnerabilities: { total: vulnerabilities.length } },
  });
const rust = (list: readonly object[], count = 900) =>
  JSON.stringify({ database: { 'advisory-count': count }, vulnerabilities: { list } });
const python = (dependencies: readonly object[]) => JSON.stringify({ dependencies });

describe('an audit', () => {
  it.each([
    ['npm', npmVerdict(npm([{ name: 'left', severity: 'moderate', range: '*' }]))],
    ['Rust', rustVerdict(rust([]))],
    ['Python', pythonVerdict(python([{ name: 'numpy', version: '2', vulns: [] }]), [])],
  ])('of %s passes where nothing grave is known', (_part, { state }) => {
    expect(state).toBe('passed');
  });

  it.each([
    ['npm', npmVerdict(npm([{ name: 'left', severity: 'high', range: '<2' }])), 'left <2: high'],
    ['npm', npmVerdict(npm([{ name: 'left', severity: 'critical', range: '*' }])), 'critical'],
    [
      'Rust',
      rustVerdict(
        rust([{ advisory: { id: 'RUSTSEC-1', title: 'bad' }, package: { name: 'a', version: '1' } }]),
      ),
      'a 1: RUSTSEC-1 bad',
    ],
    [
      'Python',
      pythonVerdict(
        python([
          { name: 'numpy', version: '2', vulns: [{ id: 'PYSEC-1' }] },
          { name: 'grpcio', skip_reason: 'not found' },
        ]),
        [],
      ),
      'numpy 2: PYSEC-1',
    ],
  ])('of %s fails where there is', (_part, { state, lines }, word) => {
    expect(state).toBe('failed');
    expect(lines.join('\n')).toContain(word);
  });

  it.each([
    ['npm', npmVerdict('')],
    ['npm', npmVerdict('{"message":"405 Method Not Allowed","error":{}}')],
    ['Rust', rustVerdict('')],
    ['Rust', rustVerdict(rust([], 0))],
    ['Python', pythonVerdict('', [])],
    ['Python', pythonVerdict(python([{ name: 'numpy', skip_reason: 'not found' }]), [])],
    ['Python', pythonVerdict(python([{ name: 'streamlib', skip_reason: 'not found' }]), ['streamlib'])],
  ])('of %s without data is not run, and does not pass', (_part, { state, lines }) => {
    expect(state).toBe('not run');
    expect(lines[0]).toMatch(/^no audit data to be had here: /);
  });
});
