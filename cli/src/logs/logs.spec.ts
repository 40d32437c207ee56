import { appendFileSync, mkdtempSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PLAIN } from '../output/palette.js';
import { RecordedIo } from '../testing/recorded-io.js';
import { chooseLog, knownLogs } from './find.js';
import { readLines } from './follow.js';
import { formatLine, parseLine } from './line.js';
import { Printer, printRecord } from './print.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-cli-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a line of a log', () => {
  it('is told with level, processor and fields', () => {
    const record = parseLine(
      '{"level":"warn","time":"2026-01-02T03:04:05.678Z","runtime":"r1","processor":"effect","msg":"slow","ms":12}',
    );
    expect(formatLine(record, PLAIN)).toMatch(/^\d\d:\d\d:05\.678 warn {2}\[effect\] slow ms=12$/);
  });

  it('keeps the ids of runtime and connection for --json, and leaves them out of the text', () => {
    const record = parseLine(
      '{"level":"info","time":1,"runtime":"r1","processor":"effect","pid":7,"connection_id":"c1","msg":"ready"}',
    );
    expect(formatLine(record, PLAIN)).toMatch(/info {2}\[effect\] ready$/);
    const io = new RecordedIo();
    printRecord(io, record, true);
    expect(JSON.parse(io.outLines[0] ?? '')).toEqual({
      time: '1970-01-01T00:00:00.001Z',
      level: 'info',
      processor: 'effect',
      message: 'ready',
      runtime: 'r1',
      connection_id: 'c1',
      pid: 7,
    });
  });

  it('of the broker says which process it speaks of', () => {
    const record = parseLine(
      '{"level":"warn","time":1,"pid":7,"connection_id":"c1","msg":"relay peer dropped"}',
    );
    expect(formatLine(record, PLAIN)).toMatch(/relay peer dropped pid=7 connection_id=c1$/);
  });

  it('keeps the stack of an error on lines of its own', () => {
    const record = parseLine(
      '{"level":50,"time":1,"msg":"failed","error":{"message":"no","stack":"Error: no\\n  at x"}}',
    );
    expect(record.level).toBe('error');
    expect(formatLine(record, PLAIN).split('\n').slice(1)).toEqual(['    Error: no', '      at x']);
  });

  it('whose text would steer the terminal or forge a line shows what it is', () => {
    const record = parseLine(
      JSON.stringify({
        level: 'error',
        time: 1,
        processor: 'effect\x1b[2J\nx',
        msg: 'no\r\x1b]52;c;aGk=\x07\n14:03:12.345 fatal [other] forged',
        path: '\x1b[31m',
        error: { stack: 'Error: \x9b2J\n             info  forged' },
      }),
    );
    expect(formatLine(record, PLAIN).split('\n')).toEqual([
      expect.stringMatching(/ error \[effect\\x1b\[2J x\] no\\x0d\\x1b\]52;c;aGk=\\x07$/),
      '    14:03:12.345 fatal [other] forged path=\\x1b[31m',
      '    Error: \\x9b2J',
      '                 info  forged',
    ]);
    // What has no time begins at the edge as well.
    expect(formatLine(parseLine('cut \x1b[2J'), PLAIN)).toMatch(/^\S+ info {2}cut \\x1b\[2J$/);
  });

  it.each(['plain words', '{cut off', '{}', '[1]'])('is never lost, also when it is %j', (text) => {
    expect(() => formatLine(parseLine(text), PLAIN)).not.toThrow();
  });
});

describe('readLines', () => {
  it('follows what is written, in pieces, and from the beginning after the file was cut', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, 'one\ntw');
    const lines: string[] = [];
    const abort = new AbortController();
    let wake = () => {};
    const until = async (count: number) => {
      while (lines.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    };
    const caughtUp = deferred();
    const done = readLines(
      file,
      {
        line: (text) => {
          lines.push(text);
          wake();
        },
        caughtUp: () => caughtUp.resolve(),
      },
      abort.signal,
    );
    await caughtUp.promise;
    appendFileSync(file, 'o\nthree\n');
    await until(3);
    truncateSync(file, 0);
    appendFileSync(file, '1\n');
    await until(4);
    abort.abort();
    await done;
    expect(lines).toEqual(['one', 'two', 'three', '1']);
  });

  it('gives a last line without an end too', async () => {
    const file = join(folder, 'a.log');
    writeFileSync(file, 'ünï\ncut');
    const lines: string[] = [];
    await readLines(file, { line: (text) => lines.push(text), caughtUp: () => {} }, null);
    expect(lines).toEqual(['ünï', 'cut']);
  });
});

describe('Printer', () => {
  it('prints the last lines of what was there, then everything, from its level on', () => {
    const io = new RecordedIo();
    const printer = new Printer(io, 'info', 2, true);
    const take = (message: string, level = 'info') =>
      printer.take(parseLine(JSON.stringify({ level, msg: message })));
    take('a');
    take('b');
    take('c');
    take('hidden', 'debug');
    printer.caughtUp();
    take('d');
    expect(io.outLines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual([
      'b',
      'c',
      'd',
    ]);
  });
});

describe('finding the log of a runtime', () => {
  it('works by id, by the start of an id and by name, the newest first', () => {
    const write = (id: string, name: string, at: number) => {
      const file = join(folder, `${id}.log`);
      writeFileSync(file, `${JSON.stringify({ level: 'info', msg: `runtime ${name} starts` })}\n`);
      utimesSync(file, at, at);
    };
    write('aaaa11', 'demo', 100);
    write('bbbb22', 'demo', 200);
    write('cccc33', 'other one', 50);
    const logs = knownLogs(folder);
    expect(chooseLog(logs, 'demo')?.id).toBe('bbbb22');
    expect(chooseLog(logs, 'aaaa11')?.id).toBe('aaaa11');
    expect(chooseLog(logs, 'cccc')?.name).toBe('other one');
    expect(chooseLog(logs, 'nobody')).toBeNull();
    expect(knownLogs(join(folder, 'missing'))).toEqual([]);
  });
});

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
