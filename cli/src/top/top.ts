import { setTimeout as pause } from 'node:timers/promises';
import { processorColumns } from '../broker/lists.js';
import { withBroker } from '../broker-client.js';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import { parseDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { oneLine } from '../output/printable.js';
import { table } from '../output/table.js';
import { whileRead } from '../signals.js';
import { ask, type Known, notes } from './sources.js';
import { type Look, rows, runtimeLines } from './view.js';

export interface TopOptions {
  readonly json?: boolean;
  readonly interval?: string;
  readonly count?: string;
}

const defaultIntervalMs = 1_000;

/** What the runtimes of this user do, drawn over again each second; where nothing can be drawn over, once. */
export async function top(io: Io, options: TopOptions): Promise<ExitCode> {
  const intervalMs = options.interval === undefined ? defaultIntervalMs : parseDuration(options.interval);
  const limit = countOf(options, io);
  const before = new Map<string, Look>();
  const rounds = async (signal: AbortSignal) => {
    for (let round = 0; round < limit && !signal.aborted; round++) {
      if (round > 0) await pause(intervalMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      await draw(io, options, before, limit === Number.POSITIVE_INFINITY);
    }
  };
  await whileRead(io, rounds);
  return EXIT.ok;
}

function countOf(options: TopOptions, io: Io): number {
  if (options.count !== undefined) {
    const count = Number(options.count);
    if (Number.isInteger(count) && count > 0) return count;
    throw new CliError('usage', `--count ${options.count} is not a number of updates; it must be 1 or more`);
  }
  return io.outRedraws && !options.json ? Number.POSITIVE_INFINITY : 1;
}

async function draw(io: Io, options: TopOptions, before: Map<string, Look>, live: boolean): Promise<void> {
  const told = await Promise.all(
    notes().map(async (note) => ({ id: note.runtime_id, told: await ask(note) })),
  );
  const looks = told.flatMap(({ id, told }) =>
    told === null
      ? []
      : [{ id, look: { at: performance.now(), told } as Look, earlier: before.get(id) ?? null }],
  );
  before.clear();
  for (const { id, look } of looks) before.set(id, look);
  const measured = new Set(looks.map(({ id }) => id));
  const others = await known();
  const silent = others.runtimes.filter(({ runtimeId }) => !measured.has(runtimeId));
  if (options.json) {
    printJson(io, {
      runtimes: looks.map(({ look, earlier }) => ({
        runtime_id: look.told.stats.runtime_id,
        name: look.told.stats.name,
        pid: look.told.pid,
        leases: look.told.leases,
        nodes: rows(look, earlier),
      })),
      without_metrics: silent.map(({ runtimeId, name, pid }) => ({ runtime_id: runtimeId, name, pid })),
    });
    return;
  }
  const lines = looks.flatMap(({ look, earlier }) => [...runtimeLines(look, earlier, io.outPalette), '']);
  for (const { runtimeId, name, pid } of silent) {
    const mine = others.processors.filter((processor) => processor.runtimeId === runtimeId);
    lines.push(
      `${io.outPalette.bold(oneLine(name))} ${io.outPalette.dim(oneLine(runtimeId))}  process ${pid}; run it with --metrics to see its frames`,
      ...(mine.length === 0 ? [] : table(processorColumns(io.outPalette), mine, io.outPalette)),
      '',
    );
  }
  if (lines.length === 0)
    lines.push('No runtimes. `streamlib run GRAPH --metrics` starts one that can be seen here.');
  // From the top, and what was below the last line goes: no flicker.
  if (live) io.outRaw(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\n')}\x1b[J\n`);
  else io.out(lines.join('\n'));
}

/** The broker may be away; what runs without it can be seen all the same. */
async function known(): Promise<Known> {
  try {
    return await withBroker(async (client) => {
      const [{ runtimes }, { processors }] = await Promise.all([
        client.call((c) => c.listRuntimes, { runtimeId: '' }),
        client.call((c) => c.listProcessors, { runtimeId: '', state: '' }),
      ]);
      return { runtimes, processors };
    });
  } catch (error) {
    if (error instanceof CliError) return { runtimes: [], processors: [] };
    throw error;
  }
}
