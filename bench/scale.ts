#!/usr/bin/env node
// Many live connections at one broker: handshakes per second, memory, and how long it takes to say what is going on.
//   node scripts/bootstrap.mjs bench/scale.ts [--connections 1000] [--json]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { GetStatusResponse } from '@streamlib/proto';
import { tsx } from '../scripts/lib/paths.js';
import { openSandbox } from './harness/sandbox.js';
import { call, credentials, Metadata } from './scale/grpc.js';
import type { Made } from './scale/worker.js';
import type { ScaleReport, Stage } from './scenarios/reports.js';

const { values: options } = parseArgs({
  options: { connections: { type: 'string', default: '1000' }, json: { type: 'boolean', default: false } },
});
const CONNECTIONS = Number(options.connections);
// The relay lets one process hand over only so many endpoints a second, so the load comes from several, as it would.
const PER_WORKER = 200;
const ASKED = 40;
/** Handshakes that a worker has under way at a time: as many as a graph of some processors has when it starts. */
const AT_ONCE = 4;
const ALONE = 50;
const round = (value: number, digits = 2) => Math.round(value * 10 ** digits) / 10 ** digits;
const median = (list: readonly number[]) =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

const sandbox = await openSandbox();
const workers: ChildProcess[] = [];
try {
  const { brokerAddress, brokerToken } = await import('@streamlib/host-bridge');
  const { BrokerClient } = await import('@streamlib/runtime');
  const { BrokerServiceClient } = await import('@streamlib/proto');
  const starter = new BrokerClient();
  await starter.ensure(() => {}, new AbortController().signal);
  starter.close();
  const grpc = new BrokerServiceClient(brokerAddress(), credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
    'grpc.max_receive_message_length': 64 << 20,
  });
  const metadata = new Metadata();
  const token = brokerToken();
  if (token !== null) metadata.set('authorization', `Bearer ${token}`);
  const getStatus = () => call<GetStatusResponse>((done) => grpc.getStatus({}, metadata, done));
  const listConnections = () =>
    call((done) => grpc.listConnections({ runtimeId: '', state: '', includeClosed: false }, metadata, done));
  const listProcessors = () =>
    call((done) => grpc.listProcessors({ runtimeId: '', state: '' }, metadata, done));
  const { pid } = await getStatus();

  const timed = async (ask: () => Promise<unknown>) => {
    const times: number[] = [];
    for (let n = 0; n < ASKED; n++) {
      const began = performance.now();
      await ask();
      times.push(performance.now() - began);
    }
    return median(times);
  };
  const memory = () => {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    return Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1]) / 1024;
  };
  /** Processor time of the broker so far, which a busy machine does not lengthen. */
  const cpu = () => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  };
  const look = async (): Promise<Stage> => ({
    connections: (await getStatus()).readyCount,
    memory_mib: round(memory(), 1),
    get_status_ms: round(await timed(getStatus)),
    list_connections_ms: round(await timed(listConnections)),
    list_processors_ms: round(await timed(listProcessors)),
  });

  const load = async (worker: ChildProcess, make: number, atOnce: number) => {
    const answer = once(worker, 'message');
    worker.send({ make, atOnce });
    const [result]: (Made | { readonly error: string })[] = await answer;
    if (result === undefined) throw new Error('a worker ended');
    if ('error' in result) throw new Error(result.error);
    return result;
  };
  const startWorker = async () => {
    const worker = fork(new URL('./scale/worker.ts', import.meta.url), {
      execArgv: tsx,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    workers.push(worker);
    await once(worker, 'message');
    return worker;
  };

  const first = await startWorker();
  // The first ones run code that nobody has compiled yet.
  await load(first, ALONE, 1);
  const alone = (await load(first, ALONE, 1)).handshakes;
  first.disconnect();
  await once(first, 'exit');
  workers.pop();

  const stages: Stage[] = [];
  const handshakes: number[] = [];
  let spent = 0;
  for (let n = 0; n < Math.ceil(CONNECTIONS / PER_WORKER); n++) await startWorker();
  // What the first calls cost is compiled code's, not connections'.
  await timed(getStatus);
  await timed(listConnections);
  stages.push(await look());
  for (const worker of workers) {
    const left = CONNECTIONS - handshakes.length;
    const before = cpu();
    const result = await load(worker, Math.min(PER_WORKER, left), AT_ONCE);
    handshakes.push(...result.handshakes);
    spent += result.ms;
    const broker_ms_each = round((cpu() - before) / result.handshakes.length);
    stages.push({
      ...(await look()),
      broker_ms_each,
      handshakes_per_s: Math.round((result.handshakes.length / result.ms) * 1000),
    });
  }
  const [empty, middle] = stages;
  const last = stages.at(-1);
  if (empty === undefined || middle === undefined || last === undefined)
    throw new Error('no connection was made');
  /** Linear when more than half of the growth in connections is found again. */
  const shape = (name: 'get_status_ms' | 'list_connections_ms' | 'list_processors_ms') => {
    const growth = last.connections / middle.connections;
    return last[name] / middle[name] > 1 + (growth - 1) / 2 ? 'linear' : 'flat';
  };
  const report: ScaleReport = {
    connections: last.connections,
    handshakes_per_s: Math.round((handshakes.length / spent) * 1000),
    handshake_alone_p50_ms: round(median(alone)),
    handshake_p50_ms: round(median(handshakes)),
    broker_ms_per_handshake: round(median(stages.flatMap((stage) => stage.broker_ms_each ?? []))),
    kib_per_connection: round(
      ((last.memory_mib - empty.memory_mib) * 1024) / (last.connections - empty.connections),
      1,
    ),
    get_status: shape('get_status_ms'),
    list_connections: shape('list_connections_ms'),
    list_processors: shape('list_processors_ms'),
    stages,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else {
    console.table(stages);
    console.log(
      `${report.handshakes_per_s} handshakes a second (four at once, p50 ${report.handshake_p50_ms} ms; ${report.broker_ms_per_handshake} ms of the broker's processor each), ` +
        `${report.kib_per_connection} KiB a connection; GetStatus ${report.get_status}, ` +
        `ListConnections ${report.list_connections}, ListProcessors ${report.list_processors}`,
    );
  }
  grpc.close();
} finally {
  for (const worker of workers) worker.disconnect();
  await sandbox.close();
}
