// Output that cannot be written ends nothing, and a terminal that is closed ends a graph in order.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isRunning } from '@streamlib/host-bridge';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from './harness/eventually.js';
import { descendants, type Program } from './harness/processes.js';
import { checkout, World } from './harness/world.js';

const cli = join(checkout, 'cli/bin/streamlib.js');
const broker = join(checkout, 'broker/bin/streamlib-broker.js');
const endedWith = (line: string) => (line.startsWith('ended ') ? Number(line.slice(6)) : undefined);

let world: World;
let folder: string;
beforeEach(async () => {
  world = await World.open('output');
  world.sandbox.env.TERM = 'xterm';
  folder = dirname(world.sandbox.home);
});
afterEach(() => world.close());

const onTerminal = (...command: string[]) =>
  world.with('python3', [join(checkout, 'test/harness/on_terminal.py'), ...command], folder);

/** Shell code with the command in `$0` and the CLI in `$1`. */
const inShell = (code: string, ...args: string[]) =>
  world.with('sh', ['-c', code, process.execPath, cli, ...args], folder);

function graph(name: string, nodes: string, connections: string): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `version: v1\nmetadata: { name: lost }\nnodes:\n${nodes}\nconnections:\n${connections}\n`,
  );
  return path;
}

const camera =
  '  - { id: camera, node_type: camera, params: { source: test-pattern, width: 320, height: 240 } }';
const chatty = () =>
  graph(
    'chatty.yaml',
    `${camera}\n  - { id: effect, node_type: python, params: { file: ${join(checkout, 'test/fixtures/speaks_on.py')} } }`,
    '  - { from: camera, to: effect }',
  );
const recording = (path: string) =>
  graph(
    'recording.yaml',
    `${camera}\n  - { id: save, node_type: file, params: { path: ${path} } }`,
    '  - { from: camera, to: save, delivery: lossless }',
  );

/** As the lines at the foot of the terminal tell. */
const records = (program: Program) =>
  program.line((line) => (/save .* [1-9]\d*\.\d fps/.test(line) ? true : undefined), 40_000);

/** How many frames a film has, played from its beginning to its end. */
async function framesOf(path: string): Promise<number> {
  const replay = graph(
    'replay.yaml',
    `  - { id: film, node_type: camera, params: { source: ${path}, loop: false } }\n  - { id: again, node_type: file, params: { path: ${join(folder, 'again.mp4')} } }`,
    '  - { from: film, to: again, delivery: lossless }',
  );
  const program = world.streamlib('run', replay, '--json');
  expect(await program.exited, program.report()).toBe(0);
  const result = JSON.parse(program.lines.at(-1) ?? '') as { nodes: { again: { frames_in: number } } };
  return result.nodes.again.frames_in;
}

describe('G5: a terminal that is closed', () => {
  it('ends a recording in order: the film plays to its end', async () => {
    const film = join(folder, 'film.mp4');
    const program = onTerminal(process.execPath, cli, 'run', recording(film));
    await records(program);
    program.kill('SIGUSR1');
    expect(await program.line(endedWith, 20_000), program.report()).toBe(0);
    expect(await framesOf(film)).toBeGreaterThan(0);
  }, 90_000);

  it('ends the processes of Python nodes, whatever they print', async () => {
    const program = onTerminal(process.execPath, cli, 'run', chatty());
    await program.line((line) => (line.includes('still here') ? true : undefined), 40_000);
    const pids = descendants(program.pid);
    program.kill('SIGUSR1');
    expect(await program.line(endedWith, 20_000), program.report()).toBe(0);
    const broker = await world.brokerPid();
    const left = pids.filter((pid) => pid !== broker);
    await eventually('they have ended', () => !left.some(isRunning));
  }, 90_000);

  it('does not end a graph that was started on it without a session there', async () => {
    const program = onTerminal('--foreign', process.execPath, cli, 'run', chatty(), '--duration', '6s');
    await program.line((line) => (line.includes('still here') ? true : undefined), 40_000);
    program.kill('SIGUSR1');
    expect(await program.line(endedWith, 30_000), program.report()).toBe(0);
  }, 90_000);

  it('ends a broker and what follows a log in order', async () => {
    const serving = onTerminal(process.execPath, broker);
    await eventually('the broker answers', () =>
      serving.lines.some((line) => /serv|listen|start/i.test(line)),
    );
    await expect.poll(() => world.brokerPid(), { timeout: 10_000 }).not.toBeNull();
    const shows = onTerminal(process.execPath, cli, 'broker', 'logs', '-f', '--level', 'debug');
    await shows.line((line) => (line.trim() === '' ? undefined : true));
    shows.kill('SIGUSR1');
    expect(await shows.line(endedWith), shows.report()).toBe(0);
    const top = onTerminal(process.execPath, cli, 'top');
    await top.line((line) => (line.includes('No runtimes') ? true : undefined));
    top.kill('SIGUSR1');
    expect(await top.line(endedWith), top.report()).toBe(0);
    serving.kill('SIGUSR1');
    expect(await serving.line(endedWith), serving.report()).toBe(0);
  }, 60_000);
});

describe('G5: output that nobody reads', () => {
  it.each([
    [
      'a pipe whose reader has gone',
      'mkfifo gone; head -c 1 gone >/dev/null & "$0" "$1" run "$2" --duration 5s --json > gone 2>&1; echo "code $?"',
      0,
    ],
    ['a full disk', '"$0" "$1" run "$2" --duration 5s --json >/dev/full 2>&1; echo "code $?"', 1],
    [
      'a full disk, for what is only told',
      '"$0" "$1" run "$2" --duration 5s --json 2>/dev/full; echo "code $?"',
      0,
    ],
  ])(
    'does not end a graph: %s',
    async (_name, code, expected) => {
      const program = inShell(code, chatty());
      await program.exited;
      expect(program.lines.at(-1), program.report()).toBe(`code ${expected}`);
      const log = world.streamlib('logs', 'lost', '--level', 'info');
      expect(await log.exited).toBe(0);
      // From its last seconds, too.
      expect(log.lines.filter((line) => line.includes('still here')).length).toBeGreaterThan(30);
    },
    90_000,
  );

  it('ends what only shows, once its reader has gone', async () => {
    const started = world.streamlib('broker', 'start');
    expect(await started.exited).toBe(0);
    const follows = inShell('{ "$0" "$1" broker logs -f --level trace; echo "code $?" >&2; } | head -n 1');
    await follows.line((line) => (line === '' ? undefined : true));
    // The next line that it wants to write is what tells it.
    const asks = world.streamlib('broker', 'runtimes');
    await asks.exited;
    const other = world.streamlib('run', chatty(), '--duration', '1s');
    expect(await follows.error((line) => (line.startsWith('code') ? line : undefined), 40_000)).toBe(
      'code 0',
    );
    await other.exited;
  }, 90_000);
});
