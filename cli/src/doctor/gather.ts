import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { foreignListener, isRunning, relayPath, serviceName, stateDir } from '@streamlib/host-bridge';
import { ListConnectionsRequest, type TailLogsResponse } from '@streamlib/proto';
import { type BrokerClient, withBroker } from '../broker/client.js';
import { CliError } from '../errors/cli-error.js';
import { type KnownLog, knownLogs } from '../logs/find.js';
import { type LogRecord, parseLine } from '../logs/line.js';
import type { BrokerFact, Facts, LogFact } from './facts.js';

const logsLookedAt = 8;
const tailBytes = 256 * 1024;
const lastWords = 3;

/** Asks and reads everything; changes nothing. */
export function gatherFacts(wanted: string | null): Promise<Facts> {
  return withBroker(async (client) => {
    const broker = await brokerFact(client);
    const logs = knownLogs(join(stateDir(), 'logs')).slice(0, logsLookedAt).map(logFact);
    const base = { now: Date.now(), serviceName: serviceName(), broker, logs, wanted };
    if (broker.state !== 'healthy')
      return {
        ...base,
        runtimes: [],
        connections: [],
        processors: [],
        warnings: [],
        alive: new Set<number>(),
      };
    const [{ runtimes }, { connections }, { processors }, warnings] = await Promise.all([
      client.call((c) => c.listRuntimes, { runtimeId: '' }),
      client.call((c) => c.listConnections, ListConnectionsRequest.fromPartial({})),
      client.call((c) => c.listProcessors, { runtimeId: '', state: '' }),
      warningsOf(client),
    ]);
    const alive = new Set(processors.map(({ pid }) => pid).filter((pid) => pid !== 0 && isRunning(pid)));
    return { ...base, runtimes, connections, processors, warnings, alive };
  });
}

async function brokerFact(client: BrokerClient): Promise<BrokerFact> {
  try {
    return { state: 'healthy', status: await client.call((c) => c.getStatus, {}) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const state =
      error.code === 'broker_not_running'
        ? 'not_running'
        : error.code === 'broker_stuck'
          ? 'stuck'
          : 'refused';
    const holder = foreignListener(client.address) === null ? lockHolder() : null;
    return { state, address: client.address, message: error.message, holder, lastError: lastBrokerError() };
  }
}

function lockHolder(): number | null {
  const path = relayPath().replace(/(\.sock)?$/, '.lock');
  const pid = existsSync(path) ? Number(readFileSync(path, 'utf8').trim()) : 0;
  // Who ended without a word left its number behind.
  return pid > 0 && isRunning(pid) ? pid : null;
}

function lastBrokerError(): string | null {
  const last = tail(join(stateDir(), 'broker.log')).at(-1);
  return last !== undefined && (last.level === 'error' || last.level === 'fatal') ? last.message : null;
}

function warningsOf(client: BrokerClient): Promise<TailLogsResponse[]> {
  return new Promise((resolve) => {
    const lines: TailLogsResponse[] = [];
    const stream = client.stream((c, metadata) =>
      c.tailLogs({ level: 'warn', follow: false, lines: 200 }, metadata),
    );
    stream.on('data', (line: TailLogsResponse) => lines.push(line));
    // What came is worth having, whatever ended it.
    stream.on('error', () => resolve(lines));
    stream.on('end', () => resolve(lines));
  });
}

function logFact({ id, name, file }: KnownLog): LogFact {
  const lines = tail(file);
  const stderr = new Map<string, string[]>();
  for (const { processor, message, fields } of lines) {
    if (processor === null || fields.stream !== 'stderr') continue;
    const words = [...(stderr.get(processor) ?? []), message].slice(-lastWords);
    stderr.set(processor, words);
  }
  const pid = pidIn(file);
  const lastError = lines.findLast(({ level }) => level === 'error' || level === 'fatal')?.message ?? null;
  return {
    id,
    name,
    file,
    pid,
    alive: pid !== null && isRunning(pid),
    stopped: lines
      .slice(-3)
      .some(({ message, processor }) => processor === null && message === 'runtime stopped'),
    lastError: lastError?.split('\n')[0] ?? null,
    stderr,
  };
}

/** The first line says which process writes. */
function pidIn(file: string): number | null {
  const [first = ''] = readFileSync(file, 'utf8').split('\n', 1);
  try {
    const { pid } = JSON.parse(first) as { pid?: unknown };
    return typeof pid === 'number' ? pid : null;
  } catch {
    return null;
  }
}

function tail(file: string): LogRecord[] {
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8').slice(-tailBytes);
  return text
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map(parseLine);
}
