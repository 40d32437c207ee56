import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../harness/eventually.js';
import { clients, type Program } from '../harness/processes.js';
import { bridgeDescriptors, nothingLeft, processesOf, type Remains, strayPaths } from '../harness/remains.js';
import { World } from '../harness/world.js';
import { type Cell, nameOf, type Stage, type Target } from './cells.js';
import { faults } from './faults.js';
import { records, Watched } from './registry.js';

export interface Outcome extends Remains {
  readonly cell: string;
  readonly stage: Stage;
  readonly expected: Cell['outcome'];
  readonly passed: boolean;
  /** What came of it, in words. */
  readonly outcome: string;
  /** On connections that were ready and that the fault did not end itself. */
  readonly frames_lost: number;
  /** Sent, neither received nor counted as dropped or as an error. */
  readonly frames_unaccounted: number;
  readonly frames: number;
  readonly restarts: number;
  /** From the fault until frames flow again; null where they don't have to. */
  readonly back_ms: number | null;
}

/** What the graph told of itself in the end. */
type Told = Pick<
  Outcome,
  'outcome' | 'frames_lost' | 'frames_unaccounted' | 'frames' | 'restarts' | 'back_ms' | 'leases'
>;

const lastsMs = 1_000;
const gone: Told = {
  outcome: 'the runtime ended, and nothing was left',
  frames_lost: 0,
  frames_unaccounted: 0,
  frames: 0,
  restarts: 0,
  back_ms: null,
  leases: 0,
};

/** One cell, at one moment, and what is left of it. Never rejects: what went wrong is the outcome. */
export async function runCell(cell: Cell): Promise<Outcome> {
  const smallDisk = cell.strikes.some(({ fault }) => fault === 'disk');
  const world = await World.open('cell', { smallDisk });
  const about = { cell: nameOf(cell), stage: cell.stage, expected: cell.outcome };
  try {
    const told = await strike(world, cell);
    const remains = { ...(await whatRemains(world)), leases: told.leases };
    const left = Object.entries({
      ...remains,
      frames_lost: told.frames_lost,
      frames_unaccounted: told.frames_unaccounted,
    }).filter(([, count]) => count !== 0);
    const outcome =
      left.length === 0
        ? told.outcome
        : `left or lost: ${left.map(([what, n]) => `${n} ${what}`).join(', ')} (${told.outcome})`;
    return { ...about, ...told, ...remains, passed: left.length === 0, outcome };
  } catch (error) {
    const outcome = error instanceof Error ? error.message : String(error);
    return { ...about, ...gone, ...nothingLeft, passed: false, outcome };
  } finally {
    await world.close();
  }
}

async function strike(world: World, cell: Cell): Promise<Told> {
  const { env, home } = world.sandbox;
  env.STREAMLIB_TEST_ONCE = join(dirname(home), 'once');
  if (cell.fixture === 'HangsInImport') env.STREAMLIB_TEST_IMPORT = 'hangs';
  if (cell.fixture === 'SendsGarbageInImport') env.STREAMLIB_TEST_IMPORT = 'garbage';
  await world.streamlib('broker', 'start').exited;
  const broker = Number(await world.brokerPid());
  const watched = new Watched(world);
  // A second of starvation takes more attempts than five; that these end is another test's.
  const params = JSON.stringify({ max_restarts: 1_000, ...cell.params });
  const graph =
    cell.fixture === undefined
      ? world.graph('invert.py', 'invert', params)
      : world.graph('misbehaves.py', cell.fixture, params);
  try {
    if (cell.fixture !== undefined) return await fixtureRuns(cell, graph);
    await (cell.stage === 'flow' ? graph.event('frames', 60_000) : watched.reaches(cell.stage));
    const pids = { client: await clientOf(cell, graph), runtime: graph.pid, broker };
    const from = graph.lines.length;
    const began = performance.now();
    await inject(world, graph, cell, pids);
    return await becomes(cell, graph, from, began);
  } finally {
    watched.close();
  }
}

/** A connection is allocated a moment before its subprocess is there. */
function clientOf({ strikes }: Cell, graph: Program): Promise<number> | number {
  if (!strikes.some(({ target }) => target === 'client')) return 0;
  return eventually('the subprocess is there', () => clients(graph.pid)[0], 20_000);
}

async function becomes(cell: Cell, graph: Program, from: number, began: number): Promise<Told> {
  if (cell.outcome === 'gone') {
    await graph.exited;
    return gone;
  }
  // In the handshake, somebody who waits starts a broker; in flow, nobody needs one.
  const flows = graph.event('frames', 60_000, from);
  if (cell.outcome === 'survives') {
    const code = await Promise.race([graph.exited, flows.then(() => null)]);
    if (code !== null) return { ...gone, outcome: `the runtime ended with ${code}, and nothing was left` };
  }
  const frames = await flows;
  const back_ms = Math.round(performance.now() - began);
  // The first twenty may have been on their way before the fault; another twenty were not, for no queue holds so many.
  await graph.event('frames', 60_000, graph.lines.length);
  if (Number(frames.wrong) > 0) throw new Error(`${frames.wrong} frames with wrong pixels`);
  const told = { ...(await stopped(graph, cell.outcome === 'flows_on')), back_ms };
  if (cell.strikes.some(({ fault }) => fault === 'frames')) {
    const { refused } = await graph.event('refused');
    if (Number(refused) === 0) throw new Error('no frame was refused: the limit did nothing');
  }
  return told;
}

/** The fixture does by itself what it does, after forty frames. */
async function fixtureRuns(cell: Cell, graph: Program): Promise<Told> {
  if (cell.outcome === 'stops') {
    await graph.line((line) => (/misbehaves now|"event":"exhausted"/.test(line) ? true : undefined), 60_000);
    return stopped(graph, false);
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
  return stopped(graph, cell.outcome === 'flows_on' && cell.lossy !== true);
}

interface Stopped {
  readonly gaps: number;
  readonly wrong: number;
  readonly sent: number;
  readonly received: number;
  readonly stats: { readonly restarts: number; readonly dropped: number; readonly errors: number };
  readonly held: { readonly leases: number };
}

async function stopped(graph: Program, nothingMayBeLost: boolean): Promise<Told> {
  graph.kill('SIGTERM');
  const last = (await graph.event('stopped', 30_000)) as unknown as Stopped;
  if (last.wrong > 0) throw new Error(`${last.wrong} frames with wrong pixels`);
  const code = await graph.exited;
  if (code !== 0) throw new Error(`the runtime ended with ${code}\n${graph.report()}`);
  const { restarts, dropped, errors } = last.stats;
  return {
    outcome: `${last.received} frames arrived${restarts > 0 ? `, ${restarts} restarts` : ''}${dropped > 0 ? `, ${dropped} counted as dropped` : ''}${errors > 0 ? `, ${errors} errors` : ''}`,
    frames_lost: nothingMayBeLost ? last.gaps : 0,
    frames_unaccounted: Math.max(0, last.sent - last.received - dropped - errors),
    frames: last.received,
    restarts,
    back_ms: null,
    leases: last.held.leases,
  };
}

/** What lasts begins first, so that it is there when somebody is killed. */
async function inject(
  world: World,
  graph: Program,
  { strikes }: Cell,
  pids: Readonly<Record<Target, number>>,
): Promise<void> {
  const inOrder = [...strikes].sort((a, b) => Number(a.fault === 'kill') - Number(b.fault === 'kill'));
  const reliefs = inOrder.map(({ fault, target }) =>
    faults[fault]({ world, graph, pid: pids[target], target }),
  );
  const lasts = inOrder.some(({ fault }) => !['kill', 'garbage', 'strangers'].includes(fault));
  if (lasts) await pause(lastsMs);
  for (const relieve of reliefs) relieve();
}

/** Counted when what ends by itself has had its time; the broker, which is meant to stay, is then the only process. */
async function whatRemains(world: World): Promise<Omit<Remains, 'leases'>> {
  await world.streamlib('broker', 'start').exited;
  const broker = Number(await world.brokerPid());
  const count = async (): Promise<Omit<Remains, 'leases'>> => {
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
