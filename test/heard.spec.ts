// Whatever a Python processor says, however it says it, is in the runtime's log under its name.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { World } from './harness/world.js';

let world: World;
beforeEach(async () => {
  world = await World.open('heard');
});
afterEach(() => world.close());

interface Line {
  readonly level: string;
  readonly runtime: string;
  readonly processor?: string;
  readonly connection_id?: string;
  readonly msg: string;
}

function logged(): Line[] {
  const folder = join(world.sandbox.home, 'logs');
  return readdirSync(folder)
    .flatMap((name) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => JSON.parse(line) as Line);
}

const ofEffect = () => logged().filter(({ processor }) => processor === 'effect');

function graph(how: string, params: Record<string, unknown> = {}) {
  Object.assign(world.sandbox.env, { STREAMLIB_TEST_SPEAKS: how });
  return world.graph('speaks_up.py', 'Speaks', JSON.stringify(params));
}

async function end(program: ReturnType<typeof graph>): Promise<void> {
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
}

describe('a Python processor', () => {
  it('is heard by whatever means, with its level and all ids', async () => {
    const program = graph('');
    const { runtime_id: runtime } = await program.event('started');
    await program.event('frames');
    await end(program);
    const lines = ofEffect();
    const level = (message: RegExp) => lines.find(({ msg }) => message.test(msg))?.level;
    expect(level(/^by print$/)).toBe('info');
    expect(level(/^by print to stderr$/)).toBe('warn');
    expect(level(/^by the descriptor itself$/)).toBe('warn');
    expect(level(/^by logging at info$/)).toBe('info');
    expect(level(/^by logging at error$/)).toBe('error');
    expect(level(/UserWarning: by a warning/)).toBe('warn');
    expect(level(/^by logging with a traceback\nTraceback[\s\S]*ValueError: by an exception$/)).toBe('error');
    expect(level(/KeyError: 'of a thread'/)).toBe('warn');
    expect(level(/^by a child$/)).toBe('info');
    expect(level(/^process: RuntimeError: by raising[\s\S]*speaks_up\.py/)).toBe('error');

    const ready = lines.findIndex(({ msg }) => msg === 'ready');
    const connections = new Set(lines.slice(ready).map(({ connection_id }) => connection_id));
    expect([...connections]).toEqual([expect.stringMatching(/^[\w-]{20}$/)]);
    expect(new Set(logged().map((line) => line.runtime))).toEqual(new Set([runtime]));
    // The broker speaks of it by the same id.
    const broker = readFileSync(join(world.sandbox.home, 'broker.log'), 'utf8');
    expect(broker).toContain(`"connection_id":"${[...connections][0]}"`);
  });

  it('that crashes tells the place where it did', async () => {
    const program = graph('segfault', { restart: 'never' });
    await program.line((line) => (line.includes('"failed"') ? true : undefined));
    await end(program);
    const lines = ofEffect().map(({ msg }) => msg);
    expect(lines).toContain('Fatal Python error: Segmentation fault');
    expect(lines.filter((line) => /speaks_up\.py", line \d+ in speak$/.test(line))).not.toEqual([]);
    expect(lines.find((line) => line.startsWith('failed: '))).toMatch(
      /was killed by SIGSEGV[\s\S]*Segmentation fault/,
    );
  });

  it('that floods the log is cut off and counted, and its frames go on', async () => {
    const program = graph('flood');
    await program.line((line) => {
      if (!line.startsWith('{')) return undefined;
      const { event, received } = JSON.parse(line) as { event: string; received?: number };
      return event === 'frames' && (received ?? 0) >= 60 ? true : undefined;
    });
    await end(program);
    const lines = ofEffect().map(({ msg }) => msg);
    const printed = lines.filter((line) => line.startsWith('printed ')).length;
    const warned = lines.filter((line) => line.startsWith('logged ')).length;
    expect(printed).toBeGreaterThan(100);
    expect(printed).toBeLessThan(3_000);
    expect(warned).toBeGreaterThan(100);
    expect(warned).toBeLessThan(3_000);
    expect(lines.some((line) => /lines of output left out/.test(line))).toBe(true);
  });

  it('is not held up by a runtime that does not listen', async () => {
    // It stops the runtime, speaks, and lets it go on: one that waited to be heard would wait for ever.
    const program = graph('unheard');
    const frames = await program.line((line) => {
      if (!line.startsWith('{')) return undefined;
      const { event, received } = JSON.parse(line) as { event: string; received?: number };
      return event === 'frames' && (received ?? 0) >= 60 ? received : undefined;
    });
    expect(frames).toBeGreaterThan(0);
    await end(program);
    const lines = ofEffect().map(({ msg }) => msg);
    const spoke = lines.map((line) => /^spoke for (\d+) ms$/.exec(line)?.[1]).find((ms) => ms !== undefined);
    expect(Number(spoke)).toBeLessThan(5_000);
    expect(lines.some((line) => line.includes('the runtime did not read them in time'))).toBe(true);
  });
});
