import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { handsOnFrames } from '../../testing/pipeline.js';
import { collector, pattern } from '../../testing/processors.js';
import { openSandbox, type Sandbox as World } from '../../testing/sandbox.js';
import { pythonFile, type Watched, watched } from '../../testing/world.js';

const SECRET = 'the key of my house';

let world: World;
let home: string;
let graph: Watched;

beforeAll(async () => {
  world = await openSandbox();
  // A directory like a home: nothing of it is the code's.
  home = mkdtempSync(join(tmpdir(), 'somebodys-home-'));
  writeFileSync(join(home, 'secret'), SECRET);
  process.env.SOMEBODYS_SECRET = SECRET;
  mkdirSync(world.home, { recursive: true });
  writeFileSync(
    join(world.home, 'streamlib.yaml'),
    'sandbox:\n  memory_mb: 512\n  scratch_mb: 64\n  threads: 64\n  hang_timeout_s: 6\n  setup_timeout_s: 4\n',
  );
}, 120_000);
afterAll(async () => {
  delete process.env.SOMEBODYS_SECRET;
  await world.close();
  rmSync(home, { recursive: true, force: true });
});
beforeEach(() => {
  graph = watched();
});
afterEach(async () => {
  await graph.runtime.stop();
  rmSync(graph.runtime.logFile, { force: true });
});

const file = (name: string) => fileURLToPath(new URL(`./testing/${name}`, import.meta.url));
const statsOf = (id: string) => {
  const stats = graph.runtime.stats().nodes[id];
  if (stats === undefined) throw new Error(`no node ${id}`);
  return stats;
};
/** Of a live graph without Python processors, the only spare is the one that can confine itself. */
const warmed = () => graph.lines.some(({ message }) => message === 'spare Python process: warm');
const said = (what: RegExp) =>
  graph.lines.find(
    ({ level, processor, message }) => level === 'error' && processor === 'guest' && what.test(message),
  );

/** pattern → guest → sink, and pattern → other, which must not notice anything. `spare`: the guest comes later, into a spare process. */
async function run(way: string, spare = false) {
  const source = pattern();
  const sink = collector('sink');
  const other = collector('other');
  const guest = {
    file: file('hostile.py'),
    sandbox: true,
    config: { way, secret: join(home, 'secret') },
    max_restarts: 0,
    backoff_s: 0.01,
  };
  graph.runtime
    .add('source', source.definition)
    .add('sink', sink.definition)
    .add('other', other.definition)
    .connect('source', 'other');
  if (!spare) graph.runtime.add('guest', 'python', guest).connect('source', 'guest').connect('guest', 'sink');
  await graph.runtime.start();
  if (spare) {
    await expect.poll(warmed, { timeout: 20_000 }).toBe(true);
    await graph.runtime.addNode('guest', 'python', guest);
    await graph.runtime.connectPorts('source', 'guest');
    await graph.runtime.connectPorts('guest', 'sink');
    expect(graph.lines.some(({ message }) => message.startsWith('a spare process takes it on'))).toBe(true);
  }
  await graph.reaches('guest', 'running');
  source.send(1);
  await expect.poll(() => sink.frames.length).toBe(1);
  const { pid } = statsOf('guest');
  source.send(2);
  return { source, sink, other, pid: pid ?? 0 };
}

async function theRestGoesOn({ source, other }: Awaited<ReturnType<typeof run>>) {
  const before = other.frames.length;
  source.send(3);
  await expect.poll(() => other.frames.length).toBeGreaterThan(before);
  expect(graph.lines.filter(({ message }) => message.startsWith('LEAKED'))).toEqual([]);
  expect(graph.lines.filter(({ message }) => message.includes(SECRET))).toEqual([]);
}

describe('code that means harm, in the sandbox', () => {
  it.each([
    ['read_home', /PermissionError: \[Errno 13\].*secret/],
    ['list_home', /PermissionError: \[Errno 13\].*somebodys-home/],
    ['write_outside', /PermissionError: \[Errno 13\].*written/],
    ['look_into_the_runtime', /PermissionError: \[Errno 13\].*environ/],
    ['open_socket', /the sandbox does not allow opening a socket/],
    ['open_socket_unseen', /PermissionError: \[Errno 1\]/],
    ['fork_for_ever', /the sandbox does not allow starting a process \(os\.fork\)/],
    ['fork_unseen', /PermissionError: \[Errno 1\]/],
    ['kill_the_runtime', /PermissionError: \[Errno 1\]/],
    ['more_limits', /ValueError: not allowed to raise maximum limit|PermissionError/],
    ['own_environment', /RuntimeError: no secrets in the environment/],
    ['allocate_for_ever', /MemoryError/],
  ])('%s: is refused, told under its name, and goes on', async (way, told) => {
    const flow = await run(way);
    await expect.poll(() => said(told)?.message, { timeout: 15_000 }).toMatch(told);
    await theRestGoesOn(flow);
    await expect.poll(() => statsOf('guest').errors).toBeGreaterThan(0);
    expect(statsOf('guest').state).toBe('running');
  });

  it.each([
    ['loop_for_ever', /hangs: one call has been running for/],
    ['start_threads', /the sandbox stopped it: it had \d+ threads; its limit is 64|can't start new thread/],
    ['hide_memory', /the sandbox stopped it: it used \d+ MiB of memory; its limit is 512 MiB/],
    ['fill_disk', /the sandbox stopped it: its scratch folder held .* its limit is 64 MiB/],
    ['write_to_lent', /SIGSEGV|Segmentation fault/],
  ])('%s: is ended, told under its name, and the rest goes on', async (way, told) => {
    const flow = await run(way);
    const end = await graph.reaches('guest', 'failed');
    expect(end.message).toMatch(told);
    expect(isRunning(flow.pid)).toBe(false);
    await theRestGoesOn(flow);
    // What the frame holds is what its maker put there.
    expect(flow.other.frames.find(({ number }) => number === 2)).toMatchObject({ first: 2, last: 2 });
  });

  it.each([
    ['read_home', /PermissionError: \[Errno 13\].*secret/],
    ['open_socket', /the sandbox does not allow opening a socket/],
    ['open_socket_unseen', /PermissionError: \[Errno 1\]/],
    ['fork_unseen', /PermissionError: \[Errno 1\]/],
    ['kill_the_runtime', /PermissionError: \[Errno 1\]/],
    ['own_environment', /RuntimeError: no secrets in the environment/],
    ['own_memory', /RuntimeError: no secrets in memory/],
    ['allocate_for_ever', /MemoryError/],
  ])('%s, out of a spare process: is refused all the same', async (way, told) => {
    await graph.runtime.stop();
    graph = watched({ live: true });
    const flow = await run(way, true);
    await expect.poll(() => said(told)?.message, { timeout: 15_000 }).toMatch(told);
    await theRestGoesOn(flow);
    expect(statsOf('guest').state).toBe('running');
  });

  it('that never comes up is ended', async () => {
    const source = pattern();
    graph.runtime
      .add('source', source.definition)
      .add('guest', 'python', { file: file('loops_at_import.py'), sandbox: true, max_restarts: 0 })
      .connect('source', 'guest');
    await graph.runtime.start();
    expect((await graph.reaches('guest', 'failed')).message).toMatch(
      /hangs: its import and setup\(\) have been running for 4 s/,
    );
  });

  it('gets frames without a copy, and hands them on', async () => {
    await handsOnFrames(graph);
  });

  it('does not feed another process directly, but through the runtime', async () => {
    const source = pattern();
    const sink = collector();
    graph.runtime
      .add('source', source.definition)
      .add('guest', 'python', { file: pythonFile('invert.py'), sandbox: true })
      .add('second', 'python', { file: pythonFile('invert.py') })
      .add('sink', sink.definition)
      .connect('source', 'guest')
      .connect('guest', 'second')
      .connect('second', 'sink');
    await graph.runtime.start();
    await Promise.all([graph.reaches('guest', 'running'), graph.reaches('second', 'running')]);
    source.send(7);
    await expect.poll(() => sink.frames).toMatchObject([{ number: 7, first: 7, last: 7 }]);
  });

  it('leaves no scratch folder behind', async () => {
    await run('own_environment');
    const all = join(world.home, 'scratch', String(process.pid));
    expect(readdirSync(all).filter((name) => name.startsWith('guest-'))).toHaveLength(1);
    await graph.runtime.stop();
    expect(readdirSync(all).filter((name) => name.startsWith('guest-'))).toEqual([]);
  });
});
