import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type LogSink, openLog } from './pino-logger.js';

const OPEN = 60;
const KEPT = 50;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-logs-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it('the log of a runtime that ran was deleted when fifty others had started in its process', async () => {
  const open = (name: string): LogSink => openLog(join(folder, `${name}.log`), name, () => undefined);
  const sinks = Array.from({ length: OPEN }, (_, index) => open(`r${index}`));
  expect(sinks.map((_, index) => existsSync(join(folder, `r${index}.log`)))).not.toContain(false);
  await Promise.all(sinks.map((sink) => sink.close()));
  const last = open('last');
  await last.close();
  // Those that are over are kept up to the usual number, besides the new one.
  expect(readdirSync(folder)).toHaveLength(KEPT + 1);
});
