import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BridgeError, type ControlValue, connectEndpoint, Listener, VideoFrame } from '../index.js';
import { expectNoLeaks } from '../testing/leaks.js';
import { connectedPair, Inbox, turn } from '../testing/pair.js';

expectNoLeaks();

async function started(): Promise<[Inbox, Inbox]> {
  const [a, b] = await connectedPair();
  return [new Inbox(a), new Inbox(b)];
}

function closeBoth(...inboxes: Inbox[]): void {
  for (const inbox of inboxes) inbox.connection.close();
}

describe('control messages', () => {
  it('carry every type of value', async () => {
    const [a, b] = await started();
    const message = {
      type: 'everything',
      nothing: null,
      yes: true,
      integer: -42,
      fraction: 0.5,
      negativeZero: -0,
      huge: 1e300,
      safest: Number.MAX_SAFE_INTEGER,
      int64: -(2n ** 63n),
      uint64: 2n ** 64n - 1n,
      text: 'grüße 🎬 \0',
      data: new Uint8Array([0, 1, 255]),
      list: [1, 'two', [3n ** 35n], { four: 4 }],
      dictionary: { empty: {}, list: [] },
    };
    a.connection.sendControl(message);
    expect(await b.control()).toEqual(message);
    closeBoth(a, b);
  });

  it('come back as they went, whatever they hold', async () => {
    const [a, b] = await started();
    const { value } = fc.letrec<{ value: ControlValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.constant(null),
        fc.boolean(),
        fc.maxSafeInteger(),
        fc.double(),
        fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n }),
        fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }),
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        fc.array(tie('value'), { maxLength: 5 }),
        fc.dictionary(fc.string({ unit: 'grapheme', maxLength: 20 }), tie('value'), {
          maxKeys: 5,
          noNullPrototype: true,
        }),
      ),
    }));
    const key = fc.string({ maxLength: 20 }).filter((name) => name !== '__proto__');
    await fc.assert(
      fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }), async (message) => {
        fc.pre(!JSON.stringify(message, (_, v) => (typeof v === 'bigint' ? 0 : v)).includes('__proto__'));
        a.connection.sendControl(message);
        expect(await b.control()).toEqual(message);
      }),
      { numRuns: 200 },
    );
    closeBoth(a, b);
  });

  it('may be longer than a datagram', async () => {
    const [a, b] = await started();
    const data = new Uint8Array(3_000_000).map((_, index) => index % 251);
    a.connection.sendControl({ data });
    const { data: received } = await b.control();
    expect(received instanceof Uint8Array && Buffer.compare(received, data)).toBe(0);
    closeBoth(a, b);
  });

  it('leave out what is undefined, as JSON does', async () => {
    const [a, b] = await started();
    a.connection.sendControl({ present: 1, absent: undefined } as unknown as Record<string, ControlValue>);
    expect(await b.control()).toEqual({ present: 1 });
    closeBoth(a, b);
  });

  it('refuse what cannot travel, naming where it stands', async () => {
    const [a, b] = await started();
    const send = (value: unknown) => () => a.connection.sendControl(value as Record<string, ControlValue>);
    expect(send({ list: [1, () => 1] })).toThrow(
      expect.objectContaining({ code: 'value', field: 'list[1]' }),
    );
    expect(send({ deep: { symbol: Symbol('x') } })).toThrow(
      expect.objectContaining({ code: 'value', field: 'deep.symbol' }),
    );
    expect(send({ big: 2n ** 64n })).toThrow(expect.objectContaining({ code: 'value', field: 'big' }));
    expect(send([1])).toThrow(BridgeError);
    a.connection.sendControl({ still: 'usable' });
    expect(await b.control()).toEqual({ still: 'usable' });
    closeBoth(a, b);
  });

  it('wait while the socket is full, and arrive in order', async () => {
    const [a, b] = await connectedPair();
    const sender = new Inbox(a);
    for (let n = 0; n < 800; n += 1) a.sendControl({ n, padding: 'x'.repeat(1000) });
    await turn();
    const receiver = new Inbox(b);
    await receiver.until((inbox) => inbox.controls.length === 800);
    expect(receiver.controls.map((message) => message.n)).toEqual(Array.from({ length: 800 }, (_, n) => n));
    closeBoth(sender, receiver);
  });

  it('close the connection when the peer never reads', async () => {
    const [a, b] = await connectedPair();
    const sender = new Inbox(a);
    for (let n = 0; n < 5000 && !a.closed; n += 1) a.sendControl({ n, padding: 'x'.repeat(1000) });
    expect(await sender.close()).toMatchObject({ code: 'exhausted' });
    b.close();
  });

  it('hand over an endpoint that others can connect to', async () => {
    const [a, b] = await started();
    const listener = Listener.anonymous();
    const endpoint = listener.endpoint();
    a.connection.sendControl({ type: 'take this' }, endpoint);
    endpoint.close();
    expect(await b.control()).toEqual({ type: 'take this' });
    const [received] = b.endpoints;
    if (received === null || received === undefined) throw new Error('no endpoint came');

    const accepted = new Promise<Inbox>((resolve) => {
      listener.onConnection = (connection) => resolve(new Inbox(connection));
    });
    const through = new Inbox(connectEndpoint(received));
    through.connection.sendControl({ hello: 'through it' });
    const end = await accepted;
    expect(await end.control()).toEqual({ hello: 'through it' });
    received.close();
    received.close();
    expect(() => connectEndpoint(received)).toThrow(expect.objectContaining({ code: 'closed' }));
    listener.close();
    closeBoth(a, b, through, end);
  });

  it('close an endpoint that no handler wanted', async () => {
    const [a, b] = await connectedPair();
    b.start();
    const listener = Listener.anonymous();
    const endpoint = listener.endpoint();
    a.sendControl({ type: 'unwanted' }, endpoint);
    await turn();
    endpoint.close();
    listener.close();
    a.close();
    b.close();
  });
});

describe('closing', () => {
  it('is told exactly once on both sides', async () => {
    const [a, b] = await started();
    a.connection.close();
    a.connection.close();
    expect(a.closes).toEqual([]);
    expect(await a.close()).toEqual({ code: 'closed', message: 'This side closed the connection' });
    expect(await b.close()).toEqual({ code: 'closed', message: 'The peer closed the connection' });
    b.connection.close();
    await turn();
    expect([a.closes.length, b.closes.length]).toEqual([1, 1]);
  });

  it('delivers what was sent before it', async () => {
    const [a, b] = await connectedPair();
    a.sendControl({ last: 'words' });
    a.close();
    const inbox = new Inbox(b);
    expect(await inbox.control()).toEqual({ last: 'words' });
    expect(await inbox.close()).toMatchObject({ code: 'closed' });
  });

  it('loses nothing of a peer that went with messages unread', async () => {
    const [a, b] = await connectedPair();
    const inbox = new Inbox(a);
    a.sendControl({ never: 'read' });
    for (let n = 0; n < 100; n += 1) b.sendControl({ n });
    b.close();
    expect(await inbox.close()).toEqual({ code: 'closed', message: 'The peer closed the connection' });
    expect(inbox.controls.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it('makes every later use an error, and sending to a peer that just left none', async () => {
    const [a, b] = await started();
    const ports = [{ name: 'out', schema: VideoFrame }];
    a.connection.definePorts({ inputs: [], outputs: ports });
    b.connection.close();
    a.connection.sendControl({ into: 'the void' });
    a.connection.flush();
    expect(a.connection.closed).toBe(false);
    await a.close();
    const closed = expect.objectContaining({ name: 'BridgeError', code: 'closed' });
    expect(() => a.connection.sendControl({})).toThrow(closed);
    expect(() => a.connection.sendFrame(0, 1, {})).toThrow(closed);
    expect(() => a.connection.ack(0, 1)).toThrow(closed);
    expect(() => a.connection.flush()).toThrow(closed);
    expect(() => a.connection.start()).toThrow(closed);
    expect(a.connection.stats.framesSent).toBe(0);
  });

  it('can happen inside of a handler, with more messages waiting', async () => {
    const [a, b] = await connectedPair();
    for (let n = 0; n < 10; n += 1) a.sendControl({ n });
    const inbox = new Inbox(b);
    b.onControl = (message) => {
      inbox.controls.push(message);
      b.close();
    };
    await inbox.close();
    expect(inbox.controls).toEqual([{ n: 0 }]);
    a.close();
  });
});

describe('peer', () => {
  it('is who the kernel says', async () => {
    const [a, b] = await connectedPair();
    expect(a.peer).toEqual({ pid: process.pid, uid: process.getuid?.() });
    expect(b.peer).toEqual(a.peer);
    a.close();
    b.close();
  });
});

describe('a getter that uses the connection it is sent over', () => {
  it('is refused instead of waiting for itself', async () => {
    const [a, b] = await started();
    const { connection } = a;
    for (const use of [
      () => connection.flush(),
      () => connection.ack(0, 1),
      () => connection.sendControl({}),
      () => connection.close(),
    ]) {
      const message = {
        get trap(): number {
          use();
          return 1;
        },
      };
      expect(() => connection.sendControl(message)).toThrow(/getter/);
    }
    const own = new Error('mine');
    expect(() =>
      connection.sendControl({
        get trap(): number {
          throw own;
        },
      }),
    ).toThrow(own);
    connection.sendControl({ fine: true });
    expect(await b.control()).toEqual({ fine: true });
    closeBoth(a, b);
  });
});
