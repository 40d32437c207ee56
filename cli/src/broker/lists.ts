import type { ConnectionEntry, ProcessorEntry, RuntimeEntry } from '@streamlib/proto';
import { withBroker } from '../broker-client.js';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { printJson, snakeKeys } from '../output/json.js';
import { type Palette, paintState } from '../output/palette.js';
import { type Column, table } from '../output/table.js';
import { nextStep, waitingText } from './waiting.js';

interface ListOptions {
  readonly json?: boolean;
  readonly runtime?: string;
  readonly state?: string;
  readonly all?: boolean;
}

const since = (ms: number, now: number) => `${formatDuration((now - ms) / 1000)} ago`;
const orDash = (text: string) => (text === '' ? '-' : text);

export function runtimeColumns(now: number): Column<RuntimeEntry>[] {
  return [
    { title: 'RUNTIME_ID', cell: (row) => row.runtimeId },
    { title: 'NAME', cell: (row) => orDash(row.name) },
    { title: 'PID', cell: (row) => String(row.pid), align: 'right' },
    { title: 'REGISTERED', cell: (row) => since(row.registeredAtMs, now) },
    { title: 'LOG', cell: (row) => orDash(row.logFile) },
  ];
}

export function connectionColumns(now: number, palette: Palette): Column<ConnectionEntry>[] {
  return [
    { title: 'CONNECTION', cell: (row) => row.connectionId },
    { title: 'RUNTIME', cell: (row) => row.runtimeId },
    { title: 'PROCESSOR', cell: (row) => orDash(row.processorName || row.processorId) },
    { title: 'STATE', cell: (row) => row.derivedState, paint: (text) => paintState(text, palette) },
    { title: 'AGE', cell: (row) => formatDuration(row.ageSecs) },
    { title: 'WAITING', cell: (row) => waitingText(row, now) },
  ];
}

export function processorColumns(palette: Palette): Column<ProcessorEntry>[] {
  return [
    { title: 'PROCESSOR', cell: (row) => orDash(row.name || row.processorId) },
    { title: 'RUNTIME', cell: (row) => row.runtimeId },
    { title: 'KIND', cell: (row) => orDash(row.kind) },
    { title: 'STATE', cell: (row) => row.state, paint: (text) => paintState(text, palette) },
    { title: 'PID', cell: (row) => (row.pid === 0 ? '-' : String(row.pid)), align: 'right' },
    { title: 'RESTARTS', cell: (row) => String(row.restarts), align: 'right' },
    { title: 'CONNECTION', cell: (row) => orDash(row.connectionId) },
    { title: 'LAST ERROR', cell: (row) => row.lastError.split('\n')[0] ?? '' },
  ];
}

export async function brokerRuntimes(io: Io, options: ListOptions): Promise<ExitCode> {
  const { runtimes } = await withBroker((client) => client.call((c) => c.listRuntimes, { runtimeId: '' }));
  return show(
    io,
    options,
    runtimes,
    runtimeColumns(Date.now()),
    'No runtimes. `streamlib run GRAPH` starts one.',
  );
}

export async function brokerConnections(io: Io, options: ListOptions): Promise<ExitCode> {
  const { connections } = await withBroker((client) =>
    client.call((c) => c.listConnections, {
      runtimeId: options.runtime ?? '',
      state: options.state ?? '',
      includeClosed: options.all === true,
    }),
  );
  const told = connections.map((row) => ({ ...row, nextStep: nextStep(row) }));
  return show(io, options, told, connectionColumns(Date.now(), io.outPalette), 'No connections.');
}

export async function brokerProcessors(io: Io, options: ListOptions): Promise<ExitCode> {
  const { processors } = await withBroker((client) =>
    client.call((c) => c.listProcessors, { runtimeId: options.runtime ?? '', state: options.state ?? '' }),
  );
  return show(io, options, processors, processorColumns(io.outPalette), 'No processors.');
}

function show<Row>(
  io: Io,
  options: ListOptions,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  nothing: string,
): ExitCode {
  if (options.json) printJson(io, snakeKeys(rows));
  else if (rows.length === 0) io.err(nothing);
  else for (const line of table(columns, rows, io.outPalette)) io.out(line);
  return EXIT.ok;
}
