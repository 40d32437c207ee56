import { userInfo } from 'node:os';
import type { EnvironmentManager, PackageRecord } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson, snakeKeys } from '../output/json.js';
import { indented, oneLine, printable } from '../output/printable.js';
import { table } from '../output/table.js';
import { interruptible } from '../signals.js';

interface Options {
  readonly json?: boolean;
}

async function open(io: Io, signal?: AbortSignal): Promise<EnvironmentManager> {
  const { openPackageManager } = await import('@streamlib/runtime');
  const onProgress = (message: string) => io.err(indented(message));
  return openPackageManager({ manifestFolder: process.cwd(), onProgress, ...(signal && { signal }) });
}

/** How it went for one of those that were named; also for one that nobody has asked for. */
type Outcome = Pick<PackageRecord, 'package' | 'detail' | 'next' | 'installedVersion'> & {
  readonly status: string;
};

export async function listPackages(
  io: Io,
  options: Options & { readonly requests?: boolean; readonly log?: boolean },
): Promise<ExitCode> {
  const manager = await open(io);
  if (options.log) {
    for (const line of manager.logLines()) io.out(printable(line));
    return EXIT.ok;
  }
  if (options.requests) return showRequests(io, options, manager.requests(), 'Nothing has been asked for.');
  const installed = await manager.list();
  if (options.json) printJson(io, snakeKeys(installed));
  else {
    const columns = [
      { title: 'PACKAGE', cell: (row: (typeof installed)[number]) => row.name },
      { title: 'VERSION', cell: (row: (typeof installed)[number]) => row.version },
      { title: 'IMPORT', cell: (row: (typeof installed)[number]) => (row.modules ?? []).join(', ') },
    ];
    for (const line of table(columns, installed, io.outPalette)) io.out(line);
    io.err(`Requests are decided by the strategy ${manager.strategy} (streamlib.yaml).`);
  }
  return EXIT.ok;
}

export async function pendingPackages(io: Io, options: Options): Promise<ExitCode> {
  const pending = (await open(io)).requests().filter(({ status }) => status === 'pending');
  return showRequests(io, options, pending, 'No requests are waiting for you.');
}

/** All of them, also when one fails: each is a request of its own. */
export function approvePackages(io: Io, names: readonly string[], options: Options): Promise<ExitCode> {
  return interruptible(io, async (signal) => {
    const manager = await open(io, signal);
    const outcomes: Outcome[] = [];
    for (const name of names) {
      if (signal.aborted) break;
      try {
        outcomes.push(await manager.approve(name, userInfo().username));
      } catch (error) {
        if (names.length === 1) throw error;
        const { message: detail } = error as Error;
        outcomes.push({ package: name, status: 'not_approved', detail, next: 'The others were tried.' });
      }
    }
    return showOutcome(io, options, outcomes);
  });
}

export async function denyPackage(
  io: Io,
  name: string,
  options: Options & { readonly reason: string },
): Promise<ExitCode> {
  const manager = await open(io);
  const record = await manager.deny(name, userInfo().username, options.reason);
  if (options.json) printJson(io, snakeKeys(record));
  else io.out(`${record.package}: ${record.status}`);
  return EXIT.ok;
}

export function addPackages(io: Io, names: readonly string[], options: Options): Promise<ExitCode> {
  return interruptible(io, async (signal) =>
    showOutcome(io, options, await (await open(io, signal)).add(names, userInfo().username)),
  );
}

export async function addCommonPackages(io: Io, options: Options): Promise<ExitCode> {
  const { COMMON_PACKAGES } = await import('@streamlib/runtime');
  return addPackages(io, COMMON_PACKAGES, options);
}

function showOutcome(io: Io, options: Options, records: readonly Outcome[]): ExitCode {
  const failed = records.filter(({ status }) => status !== 'installed');
  if (options.json) printJson(io, snakeKeys(records));
  else {
    for (const { package: name, installedVersion } of records.filter((each) => !failed.includes(each))) {
      io.out(`${name} ${installedVersion ?? ''} is installed`);
    }
    for (const { package: name, detail, next } of failed) {
      io.err(`${oneLine(name)}: ${indented(detail, '  ')}\n  ${indented(next, '  ')}`);
    }
  }
  return failed.length === 0 ? EXIT.ok : EXIT.failure;
}

type Request = ReturnType<EnvironmentManager['requests']>[number];

function showRequests(io: Io, options: Options, rows: readonly Request[], nothing: string): ExitCode {
  if (options.json) printJson(io, snakeKeys(rows));
  else if (rows.length === 0) io.err(nothing);
  else {
    const columns = [
      { title: 'ID', cell: (row: Request) => row.id },
      { title: 'PACKAGE', cell: (row: Request) => `${row.package}${row.version ?? ''}` },
      { title: 'STATUS', cell: (row: Request) => row.status },
      { title: 'BY', cell: (row: Request) => row.requestedBy ?? '-' },
      { title: 'REASON', cell: (row: Request) => cut(row.reason) },
      { title: 'DETAIL', cell: (row: Request) => cut(row.detail) },
    ];
    for (const line of table(columns, rows, io.outPalette)) io.out(line);
  }
  return EXIT.ok;
}

/** So much of it as leaves the other columns in view; a person decides by it, so nothing in it is unseen either. */
function cut(text: string): string {
  const line = oneLine(text.replace(/[\p{Cf}\s]+/gu, ' ')).trim();
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
}
