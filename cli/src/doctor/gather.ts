import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import {
  brokerLockHolder,
  foreignListener,
  isRunning,
  isSuspended,
  serviceName,
  stateDir,
} from '@streamlib/host-bridge';
import { ListConnectionsRequest, type TailLogsResponse } from '@streamlib/proto';
import { type BrokerClient, withBroker } from '../broker-client.js';
import { CliError } from '../errors/cli-error.js';
import { type KnownLog, knownLogs } from '../logs/find.js';
import { type LogRecord, parseLine } from '../logs/line.js';
import type { BrokerFact, Facts, LogFact } from './facts.js';

const logsLookedAt = 8;
const tailBytes = 256 * 1024;
const lastWords = 3;
const connectMs = 1_000;

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
        suspended: new Set<number>(),
      };
    const [{ runtimes }, { connections }, { processors }, warnings] = await Promise.all([
      client.call((c) => c.listRuntimes, { runtimeId: '' }),
      client.call((c) => c.listConnections, ListConnectionsRequest.fromPartial({})),
      client.call((c) => c.listProcessors, { runtimeId: '', state: '' }),
      warningsOf(client),
    ]);
    const alive = new Set(processors.map(({ pid }) => pid).filter((pid) => pid !== 0 && isRunning(pid)));
    const suspended = new Set([...alive].filter(isSuspended));
    return { ...base, runtimes, connections, processors, warnings, alive, suspended };
  });
}

async function brokerFact(client: BrokerClient): Promise<BrokerFact> {
  try {
    return { state: 'healthy', status: await client.call((c) => c.getStatus, {}) };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    const { address } = client;
    const ours = foreignListener(address) === null;
    return {
      state: stateOf(error),
      address,
      message: error.message,
      holder: ours ? brokerLockHolder() : null,
      taken: ours && (await isTaken(address)),
      lastError: lastBrokerError(),
    };
  }
}

function stateOf({ code }: CliError): Exclude<BrokerFact['state'], 'healthy'> {
  switch (code) {
    case 'broker_not_running':
      return 'not_running';
    case 'broker_stuck':
      return 'stuck';
    case 'bad_token':
      return 'bad_token';
    default:
      return 'refused';
  }
}

/** Whether somebody listens there, whatever it is. */
function isTaken(address: string): Promise<boolean> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  if (port === '') return Promise.resolve(false);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port), timeout: connectMs });
    const tell = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => tell(true));
    socket.once('timeout', () => tell(false));
    socket.on('error', () => tell(false));
  });
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
