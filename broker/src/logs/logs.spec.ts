import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogRing, openLog } from './index.js';
import { RotatingFile } from './rotating-file.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('the log', () => {
  it('goes to the file and to the ring alike, level by level', () => {
    const file = join(folder, 'deep', 'broker.log');
    const terminal: string[] = [];
    const log = openLog({ file, level: 'debug', alsoTo: { write: (line) => terminal.push(line) } });
    log.logger.trace('too fine');
    log.logger.debug({ connection_id: 'c1' }, 'connection created');
    log.logger.warn('careful');
    log.close();
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual(['connection created', 'careful']);
    expect(terminal).toHaveLength(2);
    expect(log.ring.past()).toMatchObject([
      { sequence: 1, level: 'debug', message: 'connection created', fieldsJson: '{"connection_id":"c1"}' },
      { sequence: 2, level: 'warn', message: 'careful', fieldsJson: '' },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('the ring', () => {
  it('holds the newest lines, and knows what is gone', () => {
    const ring = new LogRing(10);
    for (let count = 1; count <= 100; count++) ring.write(JSON.stringify({ msg: `line ${count}` }));
    expect(ring.past().map((line) => line.sequence)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100]);
    expect(ring.at(100)?.message).toBe('line 100');
    expect(ring.at(101)).toBeNull();
    expect(ring.at(1)).toBeNull();
    expect(ring.lastSequence).toBe(100);
  });

  it('calls followers until they leave', () => {
    const ring = new LogRing();
    let calls = 0;
    const leave = ring.follow(() => calls++);
    ring.write('not json');
    leave();
    ring.write('{}');
    expect(calls).toBe(1);
    expect(ring.past()[0]).toMatchObject({ message: 'not json', level: 'info' });
  });
});

describe('the rotating file', () => {
  it('keeps a few older files, and no more', () => {
    const path = join(folder, 'broker.log');
    const file = new RotatingFile(path, { maxBytes: 100, keep: 2 });
    for (let count = 0; count < 20; count++) file.write(`${String(count).padStart(39, '.')}\n`);
    file.close();
    expect(readdirSync(folder).sort()).toEqual(['broker.log', 'broker.log.1', 'broker.log.2']);
    const all = ['.2', '.1', ''].flatMap((end) =>
      readFileSync(path + end, 'utf8')
        .trim()
        .split('\n'),
    );
    expect(all.map((line) => Number(line.replaceAll('.', '')))).toEqual([14, 15, 16, 17, 18, 19]);
  });

  it('goes on where an earlier broker ended', () => {
    const path = join(folder, 'broker.log');
    for (const text of ['one\n', 'two\n']) {
      const file = new RotatingFile(path);
      file.write(text);
      file.close();
    }
    expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  });

  it('survives that it cannot be written, and tells so once', () => {
    const told: unknown[] = [];
    const file = new RotatingFile('/dev/full', { onError: (error) => told.push(error) });
    file.write('lost\n');
    file.write('lost, too\n');
    file.close();
    expect(told).toHaveLength(1);
  });
});
