import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import { brokerToken } from '@streamlib/host-bridge';
import {
  BrokerServiceClient,
  type ConnectionEntry,
  ListConnectionsRequest,
  WatchConnectionsRequest,
} from '@streamlib/proto';
import { clients, type Program } from '../harness/processes.js';
import { bridgeDescriptors, processesOf, type Remains, strayPaths } from '../harness/remains.js';
import { World } from '../harness/world.js';
import { type Cell, nameOf, type Stage, type Target } from './cells.js';

export interface Outcome extends Remains {
  readonly cell: string;
  readonly fault: string;
  readonly stage: Stage;
  readonly expected: Cell['outcome'];
  readonly passed: boolean;
  /** On connections that were ready and that the fault did not end itself. */
  readonly frames_lost: number;
  /** From the fault until frames flow again; null where they don't have to. */
  readonly back_ms: number | null;
  readonly why: string | null;
}

const stopMs = 1_000;

/** One fault, at one moment, and what is left of it. Never rejects: what went wrong is the outcome. */
export async function runCell(cell: Cell): Promise<Outcome> {
  const world = await World.open('cell');
  const about = { cell: nameOf(cell), fault: cell.fault, stage: cell.stage, expected: cell.outcome };
  const nothing = { processes: 0, descriptors: 0, memory_files: 0, sockets: 0, records: 0 };
  try {
    const told = await strike(world, cell);
    const remains = await whatRemains(world);
    const clean = Object.values(remains).every((count) => count === 0) && told.frames_lost === 0;
    return {
      ...about,
      ...told,
      ...remains,
      passed: clean,
      why: clean ? null : 'something was left, or lost',
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...about, ...nothing, frames_lost: 0, back_ms: null, passed: false, why };
  } finally {
    await world.close();
  }
}

async function strike(world: World, cell: Cell): Promise<Pick<Outcome, 'frames_lost' | 'back_ms'>> {
  const { env, home } = world.sandbox;
  env.STREAMLIB_TEST_ONCE = join(dirname(home), 'once');
  if (cell.fixture === 'HangsInImport') env.STREAMLIB_TEST_IMPORT = 'hangs';
  await world.streamlib('broker', 'start').exited;
  const broker = Number(await world.brokerPid());
  const watched = new Watched(world);
  const graph =
    cell.fixture === undefined
      ? world.graph('invert.py')
      : world.graph('misbehaves.py', cell.fixture, JSON.stringify(cell.params ?? {}));
  try {
    if (cell.fault === 'fixture') return await fixtureRuns(cell, graph);
    await (cell.stage === 'flow' ? graph.event('frames', 60_000) : watched.reaches(cell.stage));
    const pids = { client: clients(graph.pid)[0] ?? 0, runtime: graph.pid, broker };
    const from = graph.lines.length;
    const began = performance.now();
    await inject(world, cell, pids);
    if (cell.outcome === 'gone') {
      await graph.exited;
      return { frames_lost: 0, back_ms: null };
    }
    // In the handshake, somebody who waits starts a broker; in flow, nobody needs one.
    const frames = await graph.event('frames', 60_000, from);
    const back_ms = Math.round(performance.now() - began);
    if (Number(frames.wrong) > 0) throw new Error(`${frames.wrong} frames with wrong pixels`);
    return { ...(await stopped(graph, cell.outcome === 'flows_on')), back_ms };
  } finally {
    watched.close();
  }
}

/** The fixture does by itself what it does, after forty frames. */
async function fixtureRuns(cell: Cell, graph: Program): Promise<Pick<Outcome, 'frames_lost' | 'back_ms'>> {
  if (cell.outcome === 'stops') {
    await graph.line((line) => (line.includes('subprocess started') ? true : undefined), 60_000);
    return { ...(await stopped(graph, false)), back_ms: null };
  }
  if (cell.outcome === 'flows_again') {
    await graph.line(
      (line) => (/"event":"node".*"node":"effect".*"state":"waiting"/.test(line) ? true : undefined),
      60_000,
    );
  }
  const from = graph.lines.length;
  // Two more reports, of twenty frames each, so that its fortieth frame is behind it.
  await graph.event('frames', 60_000, from);
  await graph.line(
    (line) =>
      line.startsWith('{"event":"frames"') && (JSON.parse(line) as { received: number }).received >= 80
        ? true
        : undefined,
    60_000,
  );
  return { ...(await stopped(graph, cell.outcome === 'flows_on' && cell.lossy !== true)), back_ms: null };
}

async function stopped(graph: Program, nothingMayBeLost: boolean): Promise<{ frames_lost: number }> {
  graph.kill('SIGTERM');
  const { gaps, wrong } = await graph.event('stopped', 30_000);
  if (Number(wrong) > 0) throw new Error(`${wrong} frames with wrong pixels`);
  const code = await graph.exited;
  if (code !== 0) throw new Error(`the runtime ended with ${code}`);
  return { frames_lost: nothingMayBeLost ? Number(gaps) : 0 };
}

async function inject(world: World, cell: Cell, pids: Readonly<Record<Target, number>>): Promise<void> {
  const targets = cell.targets.map((target) => pids[target]).filter((pid) => pid !== 0);
  const signal = (pid: number, name: NodeJS.Signals) => {
    try {
      process.kill(pid, name);
    } catch {
      // One that ended just now.
    }
  };
  switch (cell.fault) {
    case 'kill':
      for (const pid of targets) signal(pid, 'SIGKILL');
      return;
    case 'stop':
      for (const pid of targets) signal(pid, 'SIGSTOP');
      await pause(stopMs);
      for (const pid of targets) signal(pid, 'SIGCONT');
      return;
    case 'descriptors':
      // None beyond those that are open now.
      for (const pid of targets) execFileSync('prlimit', ['--pid', String(pid), '--nofile=3:4096']);
      await pause(stopMs);
      for (const pid of targets) execFileSync('prlimit', ['--pid', String(pid), '--nofile=4096:4096']);
      return;
    case 'garbage':
      await garbageAt(world.sandbox.port);
      return;
    case 'fixture':
  }
}

/** Bytes that are no HTTP/2, from many at once. */
async function garbageAt(port: number): Promise<void> {
  await Promise.all(
    Array.from(
      { length: 20 },
      () =>
        new Promise<void>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => socket.write(randomBytes(4_096)));
          socket.on('error', () => undefined);
          socket.on('data', () => undefined);
          socket.once('close', () => resolve());
          socket.setTimeout(500, () => socket.destroy());
        }),
    ),
  );
}

/** Hears each change of a connection in the moment in which it happens. */
class Watched {
  private readonly grpc: BrokerServiceClient;
  private readonly seen = new Set<Stage>();
  private wake: () => void = () => undefined;
  private readonly stream;

  constructor(world: World) {
    const address = `127.0.0.1:${world.sandbox.port}`;
    this.grpc = callerOf(world);
    this.stream = this.grpc.watchConnections(
      WatchConnectionsRequest.fromPartial({ includeCurrent: true }),
      metadataOf(world, address),
    );
    this.stream.on('data', ({ connection }: { connection?: ConnectionEntry }) => {
      if (connection === undefined) return;
      for (const stage of stagesOf(connection)) this.seen.add(stage);
      this.wake();
    });
    this.stream.on('error', () => undefined);
  }

  async reaches(stage: Stage): Promise<void> {
    const limit = performance.now() + 60_000;
    while (!this.seen.has(stage)) {
      if (performance.now() > limit) throw new Error(`no connection got to ${stage}`);
      await Promise.race([
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, 1_000)),
      ]);
    }
  }

  close(): void {
    this.stream.cancel();
    this.grpc.close();
  }
}

function stagesOf({ clientState, derivedState }: ConnectionEntry): Stage[] {
  const reached: Stage[] = ['allocated'];
  if (clientState !== 'pending') reached.push('client_alive');
  if (clientState === 'xpc_endpoint_received' || clientState === 'acked') reached.push('endpoint_received');
  if (derivedState === 'ready') reached.push('ready');
  return reached;
}

function callerOf(world: World): BrokerServiceClient {
  return new BrokerServiceClient(`127.0.0.1:${world.sandbox.port}`, credentials.createInsecure(), {
    'grpc.enable_http_proxy': 0,
  });
}

function metadataOf(world: World, address: string): Metadata {
  const metadata = new Metadata();
  const before = process.env.STREAMLIB_HOME;
  process.env.STREAMLIB_HOME = world.sandbox.home;
  metadata.set('authorization', `Bearer ${brokerToken(address)}`);
  if (before === undefined) delete process.env.STREAMLIB_HOME;
  else process.env.STREAMLIB_HOME = before;
  return metadata;
}

/** Counted when what ends by itself has had its time; the broker, which is meant to stay, is then the only process. */
async function whatRemains(world: World): Promise<Remains> {
  await world.streamlib('broker', 'start').exited;
  const broker = Number(await world.brokerPid());
  const count = async (): Promise<Remains> => {
    const descriptors = bridgeDescriptors(broker);
    return {
      processes: processesOf(world).filter((pid) => pid !== broker).length,
      descriptors: descriptors.length,
      memory_files: descriptors.filter((target) => target.includes('memfd')).length,
      sockets: strayPaths(world).length,
      records: await records(world),
    };
  };
  // A killed runtime's record goes when the broker has looked (5 s at most).
  for (const end = performance.now() + 20_000; ; ) {
    const remains = await count();
    if (Object.values(remains).every((n) => n === 0) || performance.now() > end) return remains;
    await pause(100);
  }
}

function records(world: World): Promise<number> {
  const grpc = callerOf(world);
  return new Promise<number>((resolve, reject) => {
    const request = ListConnectionsRequest.fromPartial({});
    grpc.listConnections(request, metadataOf(world, `127.0.0.1:${world.sandbox.port}`), (error, answer) => {
      grpc.close();
      if (error !== null) reject(error);
      else resolve(answer.connections.filter(({ derivedState }) => derivedState !== 'failed').length);
    });
  });
}
