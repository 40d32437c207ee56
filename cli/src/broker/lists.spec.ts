import { ConnectionEntry, ProcessorEntry, RuntimeEntry } from '@streamlib/proto';
import { describe, expect, it } from 'vitest';
import { snakeKeys } from '../output/json.js';
import { PLAIN } from '../output/palette.js';
import { table } from '../output/table.js';
import { connectionColumns, processorColumns, runtimeColumns } from './lists.js';
import { waitingText } from './waiting.js';

const NOW = 1_700_000_000_000;

const waiting = ConnectionEntry.fromPartial({
  connectionId: 'c1',
  runtimeId: 'r1',
  processorName: 'effect',
  derivedState: 'awaiting_client',
  waitingOn: 'client',
  stateSinceMs: NOW - 12_000,
  timeoutRemainingSecs: 288,
  ageSecs: 13,
});

describe('the tables of the broker', () => {
  it('tell runtimes with their logs', () => {
    const row = RuntimeEntry.fromPartial({
      runtimeId: 'r1',
      name: 'demo',
      pid: 77,
      registeredAtMs: NOW - 65_000,
      logFile: '/x/r1.log',
    });
    expect(table(runtimeColumns(NOW), [row], PLAIN)).toEqual([
      'RUNTIME_ID  NAME  PID  REGISTERED  LOG',
      'r1          demo   77  1m 5s ago   /x/r1.log',
    ]);
  });

  it('tell on whom a connection waits, since when, how long it still has, and for what', () => {
    expect(table(connectionColumns(NOW, PLAIN), [waiting], PLAIN)).toEqual([
      'CONNECTION  RUNTIME  PROCESSOR  STATE            AGE  WAITING',
      'c1          r1       effect     awaiting_client  13s  on client for 12s, 4m 48s left: the Python process has not contacted the broker yet',
    ]);
  });

  it('tell why a connection failed, and nothing of one that is ready', () => {
    const failed = { ...waiting, derivedState: 'failed', failureReason: 'client never contacted the broker' };
    expect(waitingText(failed, NOW)).toBe('client never contacted the broker');
    expect(waitingText({ ...waiting, derivedState: 'ready', waitingOn: '' }, NOW)).toBe('');
  });

  it('tell processors, with a dash for a process that is not there', () => {
    const row = ProcessorEntry.fromPartial({
      name: 'effect',
      runtimeId: 'r1',
      kind: 'reactive',
      state: 'backing_off',
      restarts: 2,
      lastError: 'exit code 3\nTraceback',
    });
    expect(table(processorColumns(PLAIN), [row], PLAIN)[1]).toBe(
      'effect     r1       reactive  backing_off    -         2  -           exit code 3',
    );
  });

  it('show what a processor wrote that would steer the terminal', () => {
    const row = ProcessorEntry.fromPartial({ name: 'a\x1b[2Jb', lastError: 'no \x1b]52;c;aGk=\x07\rok' });
    const text = table(processorColumns(PLAIN), [row], PLAIN)[1] ?? '';
    expect(text).toMatch(/^a\\x1b\[2Jb .* no \\x1b\]52;c;aGk=\\x07\\x0dok$/);
  });

  it('give JSON the names that people script against', () => {
    expect(Object.keys(snakeKeys(waiting) as object)).toEqual(
      expect.arrayContaining([
        'connection_id',
        'runtime_id',
        'processor_id',
        'host_state',
        'client_state',
        'derived_state',
        'age_secs',
      ]),
    );
  });
});
