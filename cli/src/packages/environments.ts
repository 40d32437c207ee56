import type { EnvironmentInfo } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { table } from '../output/table.js';

export interface EnvironmentsOptions {
  readonly json?: boolean;
  readonly prune?: boolean;
}

/** The Python environments of the state directory: what each is for, how large it is, and who uses it. */
export async function listEnvironments(io: Io, options: EnvironmentsOptions): Promise<ExitCode> {
  const { openPackageManager } = await import('@streamlib/runtime');
  const manager = openPackageManager();
  const removed = options.prune === true ? await manager.prune() : [];
  const found = manager.environments();
  if (options.json) {
    printJson(io, {
      environments: found.map(({ name, path, requirements, size, lastUsed, users, current }) => ({
        ...{ name, path, requirements, size_bytes: size, last_used: new Date(lastUsed).toISOString() },
        ...{ users, current },
      })),
      removed,
    });
    return EXIT.ok;
  }
  if (options.prune) io.err(`${removed.length} that nobody uses were removed.`);
  if (found.length === 0) io.err('There are none; the first graph with Python makes one.');
  else for (const line of table(columns(Date.now()), found, io.outPalette)) io.out(line);
  return EXIT.ok;
}

const columns = (now: number) => [
  { title: 'ENVIRONMENT', cell: ({ name }: EnvironmentInfo) => name },
  {
    title: 'MIB',
    cell: ({ size }: EnvironmentInfo) => String(Math.round(size / 2 ** 20)),
    align: 'right' as const,
  },
  {
    title: 'LAST USED',
    cell: ({ lastUsed }: EnvironmentInfo) => `${formatDuration((now - lastUsed) / 1000)} ago`,
  },
  {
    title: 'USED BY',
    cell: ({ users }: EnvironmentInfo) => (users.length === 0 ? '-' : `process ${users.join(', ')}`),
  },
  { title: 'FOR', cell: purposeOf },
];

function purposeOf({ requirements, current }: EnvironmentInfo): string {
  if (requirements !== null && requirements.length > 0) return requirements.join(', ');
  if (current) return 'code that names no packages, with those that were installed by request';
  return requirements === null
    ? 'packages that were installed by request, before'
    : 'code that names no packages';
}
