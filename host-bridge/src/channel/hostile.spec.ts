import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FramePool, Listener, VideoFrame } from '../index.js';
import { expectNoLeaks } from '../testing/leaks.js';
import { Inbox } from '../testing/pair.js';
import { temporaryDirectory } from '../testing/program.js';
import {
  type Attack,
  bytes,
  type Handle,
  type Header,
  kinds,
  message,
  type Part,
  RawPeer,
  type TextureHandle,
  texture,
  videoFrame,
} from '../testing/raw-peer.js';

const ports = [{ name: 'video', schema: VideoFrame }];
const directories: { remove: () => void }[] = [];
let attacker: RawPeer;
let listener: Listener;
let arrived: (victim: Inbox) => void;

beforeAll(() => {
  const directory = temporaryDirectory();
  listener = Listener.named(`${directory.path}/socket`);
  listener.onConnection = (connection) => {
    connection.definePorts({ inputs: ports, outputs: ports });
    arrived(new Inbox(connection));
  };
  attacker = new RawPeer(`${directory.path}/socket`);
  directories.push(directory);
});
afterAll(async () => {
  listener.close();
  await attacker.stop();
  for (const directory of directories) directory.remove();
});
// After the above: what they hold open is no leak.
expectNoLeaks();

/** Lets the attacker connect and send. How that ended for it is told when this side has closed. */
async function attack(what: Attack): Promise<{ victim: Inbox; outcome: Promise<string> }> {
  const met = new Promise<Inbox>((resolve) => {
    arrived = resolve;
  });
  const outcome = attacker.send(what);
  return { victim: await met, outcome };
}

async function reasonFor(what: Attack): Promise<{ code: string; message: string; inbox: Inbox }> {
  const { victim, outcome } = await attack(what);
  const reason = await victim.close();
  expect(await outcome).toBe('end');
  return { ...reason, inbox: victim };
}

function frame(handle: TextureHandle, handles: readonly Handle[] = ['segment'], header: Header = {}): Attack {
  const body = videoFrame(texture(handle));
  return { bytes: message({ kind: kinds.frame, handles: handles.length, ...header }, body), handles };
}

function control(...body: Part[]): Attack {
  return { bytes: message({}, bytes(...body)) };
}

const release = (segment: bigint) => bytes({ u64: segment }, { u32: 0 }, { u32: 1 }, { u64: 1n });
const good = frame({});
const nested = (depth: number) => bytes(...Array(depth).fill(bytes(7, { u32: 1 })), 0);

const refused: [what: string, attack: Attack, code?: string][] = [
  ['a single byte', { bytes: bytes(1) }],
  ['half a header', { bytes: good.bytes.subarray(0, 20) }],
  ['a header of another protocol', { bytes: message({ magic: 0x5448 }) }],
  ['a version to come', { bytes: message({ version: 2 }, bytes(8, { u16: 0 })) }],
  ['a type that there is not', { bytes: message({ kind: 9 }) }],
  ['flags that there are not', { bytes: message({ flags: 0x80 }) }],
  ['half a frame', { bytes: good.bytes.subarray(0, 70), handles: ['segment'] }],
  ['a body that is announced longer', { bytes: message({ length: 4 }, bytes(8, { u16: 0 })) }],
  ['a body that is announced shorter', { bytes: message({ length: 2 }, bytes(8, { u16: 0 })) }],
  ['a body of 4 GB', { bytes: message({ length: 0xffffffff, flags: 1, handles: 1 }), handles: ['body'] }],
  ['a datagram too long', control(8, { u16: 1 }, 1, 'k', 6, { u32: 120_000 }, new Uint8Array(120_000))],
  ['acknowledgements that do not come', { bytes: message({ kind: 3, acks: 200 }) }],
  ['more acknowledgements than allowed', { bytes: message({ kind: 3, acks: 0xffff }) }],
  [
    'an acknowledgement for no port',
    { bytes: message({ kind: 3, acks: 1, length: 0 }, bytes({ u64: 7n }, { u64: 1n })) },
  ],
  ['a release of what was never lent', { bytes: message({ kind: 3, releases: 1, length: 0 }, release(77n)) }],

  ['a handle too few', frame({}, [], { handles: 1 })],
  ['a handle too many', frame({}, ['segment', 'file'], { handles: 1 })],
  ['a handle that nothing names', frame({}, ['segment', 'file'])],
  [
    'forty handles',
    { bytes: message({ handles: 40 }, bytes(8, { u16: 0 })), handles: Array<Handle>(40).fill('file') },
  ],
  ['a file as memory', frame({}, ['file'])],
  ['a pipe as memory', frame({}, ['pipe'])],
  ['a socket as memory', frame({}, ['socket'])],
  ['memory without seals', frame({}, ['unsealed'])],
  ['memory whose header lies', frame({}, ['lying'])],
  ['gigabytes that are not there', frame({}, ['hollow'])],
  ['a handle index out of range', frame({ descriptor: 3 })],
  ['memory that never crossed', frame({ descriptor: 0xff }, [])],
  ['memory of ours that was never lent', frame({ origin: 1, descriptor: 0xff }, [])],
  ['an origin that there is not', frame({ origin: 7 })],
  ['a slot out of range', frame({ slot: 4 })],
  ['a slot far out of range', frame({ slot: 0xffffffff })],
  ['a generation that is over', frame({ generation: 0n }), 'stale'],
  ['a picture larger than its slot', frame({ height: 300 })],
  ['a picture whose size overflows', frame({ width: 0xffffffff, height: 0xffffffff, stride: 0xffffffff })],
  ['a stride shorter than a row', frame({ stride: 8 })],
  ['a picture without pixels', frame({ width: 0 })],
  ['a pixel format that there is not', frame({ format: 99 })],
  ['the same memory introduced twice', { ...good, next: good }],

  ['a frame that is a control message', { bytes: message({ kind: kinds.frame }, bytes(8, { u16: 0 })) }],
  ['a control message with a picture', { ...frame({}, ['segment'], { kind: kinds.control }) }],
  ['a control message that is a list', control(7, { u32: 0 })],
  ['a string longer than its message', control(8, { u16: 1 }, 1, 'k', 5, { u32: 0x7fffffff }, 'x')],
  ['a list of four thousand million', control(8, { u16: 1 }, 1, 'k', 7, { u32: 0xffffffff }, 0)],
  ['a dictionary with more keys than bytes', control(8, { u16: 0xffff })],
  ['a value of no type', control(8, { u16: 1 }, 1, 'k', 200)],
  ['text that is no text', control(8, { u16: 1 }, 1, 'k', 5, { u32: 1 }, 0xff)],
  ['lists within lists within lists', control(8, { u16: 1 }, 1, 'k', nested(2000))],
  ['a key that would replace a prototype', control(8, { u16: 1 }, 9, '__proto__', 8, { u16: 0 })],
  ['bytes after the end', control(8, { u16: 0 }, 0)],
  [
    'an endpoint that is a plain socket',
    { bytes: message({ handles: 1 }, bytes(8, { u16: 1 }, 8, 'endpoint', 11, 0)), handles: ['socket'] },
    'not_endpoint',
  ],
  [
    'a long body of another length',
    { bytes: message({ flags: 1, handles: 1, length: 3 }), handles: ['body'] },
  ],
  ['a long body in a pipe', { bytes: message({ flags: 1, handles: 1, length: 4 }), handles: ['pipe'] }],
  [
    'a long body in memory that can change',
    { bytes: message({ flags: 1, handles: 1, length: 20480 }), handles: ['segment'] },
  ],
];

describe('a peer that breaks the form', () => {
  it.each(refused)('with %s is thrown out', async (_, what, code = 'malformed') => {
    const reason = await reasonFor(what);
    expect(reason).toMatchObject({ code });
    expect(reason.message).not.toBe('');
    expect(reason.inbox.controls).toEqual([]);
  });

  it('is told from one that keeps to it', async () => {
    // A good frame, then rubbish: so that the attacker is let go.
    const { inbox, code } = await reasonFor({ ...good, next: { bytes: bytes(0) } });
    expect(code).toBe('malformed');
    expect(inbox.frames).toMatchObject([
      { port: 0, frameId: 1, value: { timestamp_ns: 5n, frame_number: 6n } },
    ]);
  });

  it('gives back what was lent to it', async () => {
    const { victim, outcome } = await attack({ bytes: message({}, bytes(8, { u16: 0 })) });
    await victim.control();
    const pool = new FramePool({ maxSlots: 1 });
    const loan = pool.texture(8, 8);
    victim.connection.sendFrame(0, 1, { pixel_buffer: loan, timestamp_ns: 0n, frame_number: 0n });
    loan?.close();
    expect(pool.stats.free).toBe(0);
    victim.connection.close();
    expect(pool.stats.free).toBe(1);
    pool.close();
    expect(await outcome).toBe('end');
  });

  it('by any change of any byte, or by a cut, is thrown out or understood, and leaves nothing behind', async () => {
    const changed = fc.record({
      at: fc.nat(good.bytes.length - 1),
      value: fc.nat(255),
      length: fc.oneof(
        { weight: 3, arbitrary: fc.constant(good.bytes.length) },
        fc.integer({ min: 1, max: good.bytes.length }),
      ),
      handles: fc.array(
        fc.constantFrom<Handle>('segment', 'segment', 'unsealed', 'lying', 'body', 'file', 'pipe'),
        { maxLength: 3 },
      ),
    });
    const codes = new Set<string>();
    await fc.assert(
      fc.asyncProperty(changed, async ({ at, value, length, handles }) => {
        const bent = Uint8Array.from(good.bytes);
        bent[at] = value;
        bent[6] = handles.length;
        const { code } = await reasonFor({
          bytes: bent.subarray(0, length),
          handles,
          next: { bytes: bytes(0) },
        });
        codes.add(code);
      }),
      { numRuns: 200 },
    );
    expect([...codes].every((code) => ['malformed', 'stale', 'not_endpoint'].includes(code))).toBe(true);
  });
});
