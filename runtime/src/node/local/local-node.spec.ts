import type { Schema } from '@streamlib/host-bridge';
import type { Delivery, Processor, ProcessorContext } from '@streamlib/processor';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { portsOf } from '../../graph/ports.js';
import { silentLogger } from '../../testing/logger.js';
import type { NodeState } from '../state.js';
import { LocalNode } from './local-node.js';

const Number_: Schema = { name: 'Number', fields: [{ name: 'value', type: 'Int32' }] };

function make(
  id: string,
  processor: Processor,
  ports: Parameters<typeof portsOf>,
  states: NodeState[] = [],
): LocalNode {
  return new LocalNode({
    id,
    type: 'test',
    runtimeId: 'r',
    ports: portsOf(...ports),
    config: z.object({}).parse({}),
    create: () => processor,
    log: silentLogger,
    listener: { stateChanged: (_node, state) => states.push(state) },
  });
}

/** A node that does nothing by itself; its context is taken out so that the test drives it. */
async function source(): Promise<{ node: LocalNode; ctx: ProcessorContext }> {
  let taken: ProcessorContext | undefined;
  const node = make(
    'source',
    {
      setup: (context) => {
        taken = context;
      },
    },
    [{}, { out: Number_ }, false],
  );
  await node.setup();
  await node.start();
  if (taken === undefined) throw new Error('setup() was not called');
  return { node, ctx: taken };
}

async function reader(
  processor: Processor,
  delivery: Delivery = 'every_sample',
  queue = 8,
): Promise<LocalNode> {
  const node = make('reader', processor, [{ in: { schema: Number_, delivery, queue } }, {}, false]);
  await node.setup();
  await node.start();
  return node;
}

function join(from: LocalNode, to: LocalNode): void {
  const output = from.outputs.get('out');
  const input = to.inputs.get('in');
  if (output === undefined || input === undefined) throw new Error('no such port');
  input.bind(output);
  output.connect(input);
}

/** Lets everything run that waits for nothing but its turn. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('LocalNode', () => {
  it('gives each frame to process(), in order, one at a time', async () => {
    const { node, ctx } = await source();
    const got: unknown[] = [];
    let running = 0;
    const sink = await reader({
      process: async (_ctx, port, frame) => {
        expect(++running).toBe(1);
        await settle();
        got.push([port, frame.value]);
        running--;
      },
    });
    join(node, sink);
    for (const value of [1, 2, 3]) expect(ctx.output('out').set({ value })).toBe(true);
    await expect
      .poll(() => got)
      .toEqual([
        ['in', 1],
        ['in', 2],
        ['in', 3],
      ]);
    await expect.poll(() => sink.idle).toBe(true);
    expect(sink.stats()).toMatchObject({ frames_in: 3, dropped: 0, state: 'running' });
  });

  it('never calls process() from within set()', async () => {
    const { node, ctx } = await source();
    let called = false;
    join(
      node,
      await reader({
        process: () => {
          called = true;
        },
      }),
    );
    ctx.output('out').set({ value: 1 });
    expect(called).toBe(false);
    await settle();
    expect(called).toBe(true);
  });

  it('counts an exception of process() as an error of that frame, and goes on', async () => {
    const { node, ctx } = await source();
    const got: unknown[] = [];
    const sink = await reader({
      process: (_ctx, _port, frame) => {
        if (frame.value === 2) throw new Error('not this one');
        got.push(frame.value);
      },
    });
    join(node, sink);
    for (const value of [1, 2, 3]) ctx.output('out').set({ value });
    await settle();
    expect(got).toEqual([1, 3]);
    expect(sink.stats()).toMatchObject({ errors: 1, dropped_by: { error: 1 }, state: 'running' });
  });

  it('lets a slow reader drop without delaying another', async () => {
    const { node, ctx } = await source();
    let release = () => {};
    const slow = await reader(
      { process: () => new Promise<void>((resolve) => (release = resolve)) },
      'latest',
    );
    let fast = 0;
    join(node, slow);
    join(node, await reader({ process: () => void fast++ }));
    for (let value = 0; value < 10; value++) {
      ctx.output('out').set({ value });
      await settle();
    }
    expect(fast).toBe(10);
    expect(slow.stats()).toMatchObject({ frames_in: 1, dropped_by: { replaced: 8 } });
    release();
    await settle();
    expect(slow.stats().frames_in).toBe(2);
    release();
  });

  it('holds write() back for a lossless reader, and refuses set()', async () => {
    const { node, ctx } = await source();
    const waiting: (() => void)[] = [];
    const got: unknown[] = [];
    const sink = await reader(
      {
        process: (_ctx, _port, frame) => {
          got.push(frame.value);
          return new Promise<void>((resolve) => waiting.push(resolve));
        },
      },
      'lossless',
      2,
    );
    join(node, sink);
    const out = ctx.output('out');
    await out.write({ value: 1 });
    await settle();
    await out.write({ value: 2 });
    await out.write({ value: 3 });
    expect(out.set({ value: 99 })).toBe(false);
    let written = false;
    const fourth = out.write({ value: 4 }).then(() => (written = true));
    await settle();
    expect(written).toBe(false);
    waiting.shift()?.();
    await fourth;
    while (got.length < 4) {
      waiting.shift()?.();
      await settle();
    }
    expect(got).toEqual([1, 2, 3, 4]);
    expect(node.stats().dropped_by).toEqual({ held_back: 1 });
    waiting.shift()?.();
  });

  it('lets go of a writer that waits when it is stopped', async () => {
    const { node, ctx } = await source();
    join(node, await reader({}, 'lossless', 1));
    const out = ctx.output('out');
    await out.write({ value: 1 });
    const second = out.write({ value: 2 });
    const stopped = node.stop();
    await expect(second).rejects.toMatchObject({ code: 'stopped' });
    await stopped;
    expect(node.state).toBe('stopped');
  });

  it('fails alone when setup() fails, and still tears down', async () => {
    const states: NodeState[] = [];
    let tornDown = false;
    const node = make(
      'bad',
      {
        setup: () => Promise.reject(new Error('no camera')),
        teardown: () => {
          tornDown = true;
        },
      },
      [{}, {}, false],
      states,
    );
    await node.setup();
    await node.start();
    await node.stop();
    expect(states).toEqual(['starting', 'failed']);
    expect(node.stats()).toMatchObject({ state: 'failed', failure: 'no camera' });
    expect(tornDown).toBe(true);
  });

  it('takes frames by get() when the processor asks for them itself', async () => {
    const { node, ctx } = await source();
    let reading: ProcessorContext | undefined;
    const sink = await reader(
      {
        setup: (context) => {
          reading = context;
        },
      },
      'latest',
    );
    join(node, sink);
    ctx.output('out').set({ value: 1 });
    ctx.output('out').set({ value: 2 });
    expect(reading?.input('in').get()).toEqual({ value: 2 });
    expect(reading?.input('in').get()).toBeNull();
    expect(() => reading?.input('inn')).toThrow('has no input "inn"; it has: in');
  });
});

describe('a node that is stopped', () => {
  it.each(['stop', 'teardown'] as const)(
    'does not wait for ever for a %s() that does not return',
    async (hook) => {
      vi.useFakeTimers();
      try {
        const called: string[] = [];
        const node = await reader({
          process: () => {},
          stop: () => void called.push('stop'),
          teardown: () => void called.push('teardown'),
          [hook]: () => {
            called.push(hook);
            return new Promise<void>(() => {});
          },
        });
        const stopped = node.stop();
        await vi.advanceTimersByTimeAsync(3_000);
        await stopped;
        expect(node.state).toBe('stopped');
        expect(called).toEqual(['stop', 'teardown']);
        expect(vi.getTimerCount()).toBe(0);
      } finally {
        vi.useRealTimers();
      }
    },
  );
});

describe('nodes that go on from promise to promise starved the event loop (G4)', () => {
  const timer = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

  it('a source that does nothing but write', async () => {
    const { node, ctx } = await source();
    let taken = 0;
    const sink = await reader({ process: () => void taken++ }, 'lossless', 2);
    join(node, sink);
    const writing = (async () => {
      for (let value = 0; !ctx.signal.aborted; value = (value + 1) % 1000)
        await ctx.output('out').write({ value });
    })();
    await timer();
    expect(taken).toBeGreaterThan(0);
    await node.stop();
    await writing.catch((error: unknown) => expect(error).toMatchObject({ code: 'stopped' }));
    await sink.stop();
  });

  it('nodes that hand a frame round for ever', async () => {
    let rounds = 0;
    const again = (): Processor => ({
      process: (ctx, _port, { value }) => {
        rounds++;
        ctx.output('out').set({ value });
      },
    });
    const ports = (): Parameters<typeof portsOf> => [
      { in: { schema: Number_, delivery: 'every_sample', queue: 8 } },
      { out: Number_ },
      false,
    ];
    const [one, other] = [make('one', again(), ports()), make('other', again(), ports())];
    join(one, other);
    join(other, one);
    for (const node of [one, other]) {
      await node.setup();
      await node.start();
    }
    const { node: first, ctx } = await source();
    join(first, one);
    ctx.output('out').set({ value: 1 });
    await timer();
    expect(rounds).toBeGreaterThan(10);
    for (const node of [first, one, other]) await node.stop();
  });
});
