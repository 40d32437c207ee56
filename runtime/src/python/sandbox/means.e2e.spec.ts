import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSettings } from '../../base/settings/settings.js';
import { openServices } from '../../control/services.js';
import { handsOnFrames, startPipeline } from '../../testing/pipeline.js';
import { collector, pattern } from '../../testing/processors.js';
import { openSandbox, type Sandbox as World } from '../../testing/sandbox.js';
import { pythonFile, type Watched, watched } from '../../testing/world.js';
import { PythonChecker } from '../check/checker.js';
import { describeSandbox } from './describe.js';
import { supportOf } from './probe.js';
import { openProcessSandbox } from './sandbox.js';

const SECRET = 'the key of my house';
const venv = fileURLToPath(new URL('../../../../.streamlib/venv', import.meta.url));
const support = await supportOf(venv);
const bubblewrap = typeof support === 'object' && 'path' in support.bubblewrap;

let world: World;
let home: string;
let graph: Watched;

beforeAll(async () => {
  world = await openSandbox();
  home = mkdtempSync(join(tmpdir(), 'somebodys-home-'));
  writeFileSync(join(home, 'secret'), SECRET);
  mkdirSync(world.home, { recursive: true });
}, 120_000);
afterAll(async () => {
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

const set = (sandbox: string) =>
  writeFileSync(join(world.home, 'streamlib.yaml'), `sandbox: { ${sandbox} }\n`);
const hostile = fileURLToPath(new URL('./testing/hostile.py', import.meta.url));
const told = (what: RegExp) =>
  graph.lines.find(
    ({ level, processor, message }) => level === 'error' && processor === 'guest' && what.test(message),
  )?.message;

/** pattern → guest → sink, and pattern → other, which must not notice anything. */
async function run(way: string) {
  const source = pattern();
  const [sink, other] = [collector('sink'), collector('other')];
  graph.runtime
    .add('source', source.definition)
    .add('sink', sink.definition)
    .add('other', other.definition)
    .add('guest', 'python', {
      file: hostile,
      sandbox: true,
      config: { way, secret: join(home, 'secret') },
      max_restarts: 0,
    })
    .connect('source', 'other')
    .connect('source', 'guest')
    .connect('guest', 'sink');
  await graph.runtime.start();
  await graph.reaches('guest', 'running');
  source.send(1);
  await expect.poll(() => sink.frames.length).toBe(1);
  const pid = graph.runtime.stats().nodes.guest?.pid ?? 0;
  source.send(2);
  return { source, other, pid };
}

async function theRestGoesOn({ source, other }: Awaited<ReturnType<typeof run>>) {
  const before = other.frames.length;
  source.send(3);
  await expect.poll(() => other.frames.length).toBeGreaterThan(before);
  expect(graph.lines.filter(({ message }) => /^LEAKED/.test(message) || message.includes(SECRET))).toEqual(
    [],
  );
}

/** The processes below one. */
function below(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return children.flatMap((child) => [Number(child), ...below(Number(child))]);
}

// Where it is not installed, or namespaces are not for everybody, there is nothing to test.
describe.runIf(bubblewrap)('bubblewrap, where the kernel has no Landlock', () => {
  beforeEach(() =>
    set(
      'mechanism: bubblewrap, memory_mb: 512, scratch_mb: 64, threads: 64, hang_timeout_s: 6, setup_timeout_s: 4',
    ),
  );

  it('is named', async () => {
    const { available, mechanism, detail } = await openProcessSandbox(venv, readSettings().sandbox);
    expect({ available, mechanism }).toEqual({ available: true, mechanism: 'bubblewrap+seccomp' });
    expect(detail).toMatch(/no network; reads its own folder/);
  });

  it.each([
    ['read_home', /FileNotFoundError: .*secret/],
    ['list_home', /FileNotFoundError: .*somebodys-home/],
    ['write_outside', /FileNotFoundError|Read-only file system/],
    ['look_into_the_runtime', /FileNotFoundError: .*environ/],
    ['open_socket', /the sandbox does not allow opening a socket/],
    ['open_socket_unseen', /PermissionError: \[Errno 1\]/],
    ['fork_for_ever', /the sandbox does not allow starting a process \(os\.fork\)/],
    ['fork_unseen', /PermissionError: \[Errno 1\]/],
    ['kill_the_runtime', /PermissionError: \[Errno 1\]|ProcessLookupError/],
    ['more_limits', /ValueError: not allowed to raise maximum limit|PermissionError/],
    ['own_environment', /RuntimeError: no secrets in the environment/],
    ['allocate_for_ever', /MemoryError/],
  ])('%s: is refused, told under its name, and goes on', async (way, why) => {
    const flow = await run(way);
    await expect.poll(() => told(why), { timeout: 15_000 }).toMatch(why);
    await theRestGoesOn(flow);
    expect(graph.runtime.stats().nodes.guest?.state).toBe('running');
  });

  it.each([
    ['loop_for_ever', /hangs: one call has been running for/],
    ['start_threads', /the sandbox stopped it: it had \d+ threads; its limit is 64|can't start new thread/],
    ['hide_memory', /the sandbox stopped it: it used \d+ MiB of memory; its limit is 512 MiB/],
    ['fill_disk', /the sandbox stopped it: its scratch folder held .* its limit is 64 MiB/],
    ['write_to_lent', /SIGSEGV|Segmentation fault|code 139/],
  ])('%s: is ended with all its processes, told under its name, and the rest goes on', async (way, why) => {
    const flow = await run(way);
    const all = [flow.pid, ...below(flow.pid)];
    expect((await graph.reaches('guest', 'failed')).message).toMatch(why);
    await expect.poll(() => all.filter(isRunning)).toEqual([]);
    await theRestGoesOn(flow);
    expect(flow.other.frames.find(({ number }) => number === 2)).toMatchObject({ first: 2, last: 2 });
  });

  it('gets frames without a copy, and hands them on', async () => {
    await handsOnFrames(graph);
    const { pid } = graph.runtime.stats().nodes.guest ?? {};
    expect(below(pid ?? 0)).not.toEqual([]);
  });

  it('has code checked in it', async () => {
    const checker = new PythonChecker({
      environment: () => Promise.resolve(venv),
      sandbox: (environment) => openProcessSandbox(environment, readSettings().sandbox),
    });
    const good = readFileSync(pythonFile('invert.py'), 'utf8');
    expect(await checker.check(good, { name: 'invert', connections: [] })).toMatchObject({
      ok: true,
      problems: [],
    });
    const bad = `open(${JSON.stringify(join(home, 'secret'))})\n${good}`;
    expect(await checker.check(bad, { name: 'invert', connections: [] })).toMatchObject({ ok: false });
  });
});

describe('where no sandbox can be had', () => {
  const guest = { file: pythonFile('invert.py'), sandbox: true };

  it('code from outside is refused, and why is told', async () => {
    set('mechanism: seatbelt');
    graph.runtime.add('guest', 'python', guest);
    await graph.runtime.start();
    expect((await graph.reaches('guest', 'failed')).message).toMatch(
      /no sandbox can be had: there is no seatbelt on linux; code from outside is refused; .*when_missing: run/,
    );
    process.env.STREAMLIB_VENV = venv;
    expect(await describeSandbox()).toMatchObject({ mechanism: 'none', available: false });
    const { checker } = await openServices();
    await expect(checker?.check('x = 1\n', { name: 'x', connections: [] })).rejects.toThrow(
      /the code is not looked at: no sandbox can be had/,
    );
    await checker?.close?.();
  });

  it('it runs if the settings say so', async () => {
    set('mechanism: seatbelt, when_missing: run');
    const { source, sink } = await startPipeline(graph, guest, { name: 'guest' });
    await graph.reaches('guest', 'running');
    source.send(1);
    await expect.poll(() => sink.frames.length).toBe(1);
  });
});
