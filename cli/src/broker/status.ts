import type { GetStatusResponse } from '@streamlib/proto';
import { withBroker } from '../broker-client.js';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import { formatDuration } from '../output/duration.js';
import type { Io } from '../output/io.js';
import { printJson, snakeKeys } from '../output/json.js';
import { type Palette, paintState } from '../output/palette.js';
import { oneLine } from '../output/printable.js';

type Shown = Pick<
  GetStatusResponse,
  'status' | 'version' | 'gitHash' | 'uptimeSecs' | 'runtimeCount' | 'readyCount' | 'pendingCount'
>;

export function statusLines(status: Shown, palette: Palette): string[] {
  const build = status.gitHash === '' ? '' : ` (${status.gitHash})`;
  return [
    `Broker: ${paintState(oneLine(status.status), palette)} | Version: ${oneLine(`${status.version}${build}`)}`,
    `Uptime: ${formatDuration(status.uptimeSecs)} | Runtimes: ${status.runtimeCount} | Connections: ${status.readyCount} ready, ${status.pendingCount} pending`,
  ];
}

export async function brokerStatus(io: Io, options: { json?: boolean }): Promise<ExitCode> {
  try {
    const status = await withBroker((client) => client.call((c) => c.getStatus, {}));
    if (options.json) printJson(io, snakeKeys(status));
    else for (const line of statusLines(status, io.outPalette)) io.out(line);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof CliError) || error.code !== 'broker_not_running') throw error;
    if (options.json) {
      printJson(io, {
        status: 'not_running',
        version: null,
        uptime_secs: 0,
        runtime_count: 0,
        connection_count: 0,
        message: error.message,
      });
    } else {
      io.out(`Broker: ${paintState('not running', io.outPalette)}`);
      io.err('Start it with `streamlib broker start`, or run a graph, which starts one.');
    }
    return EXIT.brokerNotRunning;
  }
}
