import { chmodSync, existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asAnotherUser, canBeAnotherUser } from '../harness/another-user.js';
import { clients, type Program } from '../harness/processes.js';
import { World } from '../harness/world.js';

const intruder = '.streamlib/programs/test/fixtures/security/intruder.js';

let world: World;
beforeEach(async () => {
  world = await World.open('another-user');
  // The sandbox's own folder lets everybody in: what keeps others out must be what StreamLib makes.
  chmodSync(dirname(world.sandbox.home), 0o755);
});
afterEach(() => world.close());

const root = () => dirname(world.sandbox.home);

/** Everything below a folder: what is open to others is a finding, whoever made it. */
function openToOthers(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const open = !entry.isSymbolicLink() && (lstatSync(path).mode & 0o077) !== 0;
    // What lies in a folder that nobody else may enter is out of reach.
    return open ? [path] : [];
  });
}

describe('what another user finds', () => {
  it('is a folder for state and one for sockets that only their owner may enter', async () => {
    const graph = world.graph('invert.py');
    await graph.event('frames');
    expect(openToOthers(root())).toEqual([]);
    expect(openToOthers(join(root(), 'streamlib'))).toEqual([]);
    expect(openToOthers(world.sandbox.home)).toEqual([]);
    expect(openToOthers(join(world.sandbox.home, 'logs'))).toEqual([]);
  });
});

// Nobody but root can become another user; for others, the test above is what can be said.
if (canBeAnotherUser)
  describe('another user of the machine', () => {
    it('gets nowhere: not to the relay, an endpoint, the token, a log, a process, or with any call', async () => {
      const graph: Program = world.graph('invert.py');
      await graph.event('frames');
      const broker = Number(await world.brokerPid());
      const [client = 0] = clients(graph.pid);
      const { home, port } = world.sandbox;
      // Even where the folders let others in, the files in them don't.
      chmodSync(home, 0o755);
      chmodSync(join(home, 'logs'), 0o755);
      const log = readdirSync(join(home, 'logs'))[0] ?? '';
      // Endpoints have had a path for a moment; the kernel still tells it to everybody.
      const sockets = readFileSync('/proc/net/unix', 'utf8')
        .split('\n')
        .map((line) => line.trim().split(/\s+/)[7] ?? '')
        .filter((path) => path.includes('streamlib') || path.startsWith(root()));
      const attempts = {
        address: `127.0.0.1:${port}`,
        relay: join(root(), 'streamlib', `${world.sandbox.env.STREAMLIB_BROKER_XPC_SERVICE}.sock`),
        files: [join(home, 'broker.token'), join(home, 'broker.log'), join(home, 'logs', log)],
        folders: [join(root(), 'streamlib')],
        pids: { broker, runtime: graph.pid, client },
        sockets,
      };
      expect(existsSync(attempts.relay)).toBe(true);
      const program = asAnotherUser(intruder, 'attempts', JSON.stringify(attempts));
      const outcomes = JSON.parse(await program.line((line) => line, 30_000)) as Record<string, string>;
      expect(outcomes.uid).toBe('65534');
      expect(Object.keys(outcomes).length).toBeGreaterThan(60);
      const refusals = ['EACCES', 'EPERM', 'ENOENT', 'ECONNREFUSED', 'UNAUTHENTICATED', '65534'];
      const others = Object.entries(outcomes).filter(([, outcome]) => !refusals.includes(outcome));
      expect(Object.fromEntries(others)).toEqual({});
      expect(outcomes['connect to the relay']).toBe('EACCES');
      expect(outcomes[`read ${attempts.files[0]}`]).toBe('EACCES');
      // And nobody noticed anything.
      const seen = graph.lines.length;
      expect(await graph.event('frames', 20_000, seen)).toMatchObject({ wrong: 0, gaps: 0 });
    });

    it('who takes the port of a broker that does not run is told nothing', async () => {
      const { port } = world.sandbox;
      // A broker has been here, so that there is a token to tell.
      await world.streamlib('broker', 'start').exited;
      await world.streamlib('broker', 'stop').exited;
      const token = readFileSync(join(world.sandbox.home, 'broker.token'), 'utf8').trim();
      const listener = asAnotherUser(intruder, 'listen', String(port));
      await listener.line((line) => (line === 'listening' ? true : undefined));
      const status = world.streamlib('broker', 'status');
      expect(await status.exited).not.toBe(0);
      expect(status.errors.join('\n')).toContain('belongs to another user of this machine (uid 65534)');
      const run = world.streamlib('broker', 'start');
      expect(await run.exited).not.toBe(0);
      world.sandbox.env.STREAMLIB_SPARE = '0';
      const graph = world.graph('invert.py');
      await graph.exited;
      expect([...graph.lines, ...graph.errors].join('\n')).toContain('belongs to another user');
      listener.kill('SIGKILL');
      await listener.exited;
      expect(listener.lines).toEqual(['listening']);
      expect(listener.lines.join('\n')).not.toContain(token);
    });
  });
