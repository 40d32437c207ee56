import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { clients, descendants } from '../harness/processes.js';
import { World } from '../harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('secrets');
});
afterEach(() => world.close());

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true);
}

it('the token is in its file and nowhere else: no log, no command line, no environment, no output', async () => {
  const graph = world.graph('invert.py');
  await graph.event('frames');
  // One call that is refused, too: an error must not quote what it was given.
  const wrong = world.node(join(process.cwd(), 'cli/bin/streamlib.js'), ['broker', 'status']);
  await wrong.exited;
  const home = world.sandbox.home;
  const token = readFileSync(join(home, 'broker.token'), 'utf8').trim();
  expect(token.length).toBeGreaterThan(40);
  const holding = filesBelow(dirname(home)).filter((path) => readFileSync(path, 'latin1').includes(token));
  expect(holding).toEqual([join(home, 'broker.token')]);
  const broker = Number(await world.brokerPid());
  const pids = [...new Set([graph.pid, broker, ...descendants(graph.pid)])];
  expect(clients(graph.pid).length).toBeGreaterThan(0);
  // A client's token begins with this, then says whose it is.
  for (const secret of [token, 'client.']) {
    for (const pid of pids)
      for (const what of ['cmdline', 'environ'])
        expect(readFileSync(`/proc/${pid}/${what}`, 'latin1').includes(secret), `${what} of ${pid}`).toBe(
          false,
        );
    expect(execFileSync('ps', ['axeww'], { encoding: 'utf8' }).includes(secret)).toBe(false);
    for (const path of filesBelow(home).filter((path) => path.endsWith('.log')))
      expect(readFileSync(path, 'utf8').includes(secret), path).toBe(false);
    expect([...graph.lines, ...graph.errors].join('\n').includes(secret)).toBe(false);
  }
});

it("a Python process has its connection's token, not the user's, and its children have neither", async () => {
  world.sandbox.env.STREAMLIB_BROKER_TOKEN = 'a-token-that-the-user-has-set';
  const graph = world.graph('tells_environment.py');
  const told = await graph.line((line) => {
    const message = line.includes('ENVIRONMENT ')
      ? (JSON.parse(line) as { message: string }).message
      : undefined;
    return message?.slice('ENVIRONMENT '.length);
  });
  const { names, descriptors } = JSON.parse(told) as { names: string[]; descriptors: string[] };
  expect(names).toContain('STREAMLIB_CONNECTION_ID');
  expect(names.filter((name) => name.includes('TOKEN'))).toEqual([]);
  // What the token came through was closed; what is left, this process has inherited as well.
  expect(descriptors.filter((target) => target.startsWith('socket:'))).toEqual([]);
  await graph.event('frames');
});
