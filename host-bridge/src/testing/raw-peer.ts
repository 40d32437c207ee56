import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** What a descriptor that goes with an attack refers to. */
export type Handle =
  | 'segment' // good frame memory: 4 slots of a page, generation 1
  | 'unsealed' // the same, without its seals
  | 'lying' // the same, but its header claims a thousand slots
  | 'hollow' // four slots of a gigabyte, of which nothing is there
  | 'body' // a sealed memory file that holds a control message of 4 bytes
  | 'file'
  | 'pipe'
  | 'socket';

export interface Attack {
  readonly bytes: Uint8Array;
  readonly handles?: readonly Handle[];
  /** Sent in one go before anybody looks for an answer. */
  readonly next?: Attack;
}

/**
 * A process that connects and sends whatever it is told to, which Node's own sockets cannot. One line in, one line out:
 * `end` when the other side closed the connection, `kept` when it did not within its patience.
 */
const program = `
import fcntl, json, os, socket, struct, sys

def memory(seals=True, slots=4, size=4096, present=True):
    fd = os.memfd_create("raw", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, 4096 + 4 * size)
    if present:
        os.posix_fallocate(fd, 0, 4096 + 4 * size)
    os.pwrite(fd, b"SLSEG\\0\\0\\x01" + struct.pack("<QQ", slots, size), 0)
    os.pwrite(fd, struct.pack("<4Q", 1, 1, 1, 1), 64)
    if seals:
        fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4 | 0x10)
    return fd

def body():
    fd = os.memfd_create("raw", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.pwrite(fd, bytes([8, 0, 0]) + b"!", 0)
    fcntl.fcntl(fd, 1033, 0x1 | 0x2 | 0x4 | 0x8)
    return fd

read, write = os.pipe()
one, other = socket.socketpair()
kinds = {
    "segment": memory(),
    "unsealed": memory(seals=False),
    "lying": memory(slots=1000),
    "hollow": memory(size=1 << 30, present=False),
    "body": body(),
    "file": os.open("/dev/null", os.O_RDONLY),
    "pipe": read,
    "socket": one.fileno(),
}

for line in sys.stdin:
    attack = json.loads(line)
    peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    peer.settimeout(attack["patience"])
    peer.connect(sys.argv[1])
    outcome = "end"
    try:
        for message in attack["messages"]:
            socket.send_fds(peer, [bytes.fromhex(message["bytes"])], [kinds[k] for k in message["handles"]])
        while peer.recv(1 << 17):
            pass
    except (ConnectionResetError, BrokenPipeError):
        pass
    except TimeoutError:
        outcome = "kept"
    peer.close()
    print(outcome, flush=True)
`;

export class RawPeer {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  constructor(path: string) {
    const python = process.env.STREAMLIB_PYTHON ?? 'python3';
    this.child = spawn(python, ['-c', program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    if (this.child.stdout === null) throw new Error('no output of the raw peer');
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Connects, sends, and waits until the other side closes; `kept` if it does not. */
  async send(attack: Attack, patienceSeconds = 5): Promise<string> {
    const messages = [];
    for (let one: Attack | undefined = attack; one !== undefined; one = one.next) {
      messages.push({ bytes: Buffer.from(one.bytes).toString('hex'), handles: one.handles ?? [] });
    }
    this.child.stdin?.write(`${JSON.stringify({ patience: patienceSeconds, messages })}\n`);
    const answer = await this.answers.next();
    if (answer.done === true) throw new Error('the raw peer is gone');
    return answer.value;
  }

  async stop(): Promise<void> {
    const gone = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin?.end();
    await gone;
  }
}

export type Part = number | string | Uint8Array | { u16: number } | { u32: number } | { u64: bigint };

/** Bytes of a message, written as a peer that knows the form would. A number is one byte. */
export function bytes(...parts: readonly Part[]): Uint8Array {
  return Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'number') return Buffer.from([part]);
      if (typeof part === 'string') return Buffer.from(part);
      if (part instanceof Uint8Array) return part;
      const word = Buffer.alloc(8);
      if ('u16' in part) return word.subarray(0, word.writeUInt16LE(part.u16));
      if ('u32' in part) return word.subarray(0, word.writeUInt32LE(part.u32));
      word.writeBigUInt64LE(part.u64);
      return word;
    }),
  );
}

export const kinds = { control: 1, frame: 2, housekeeping: 3 } as const;

export interface Header {
  readonly magic?: number;
  readonly version?: number;
  readonly kind?: number;
  readonly port?: number;
  readonly handles?: number;
  readonly flags?: number;
  readonly length?: number;
  readonly acks?: number;
  readonly releases?: number;
}

/** A message with the header that fits its body, but for what `header` says otherwise. */
export function message(header: Header, body: Uint8Array = bytes()): Uint8Array {
  return bytes(
    { u16: header.magic ?? 0x4c53 },
    header.version ?? 1,
    header.kind ?? kinds.control,
    { u16: header.port ?? 0 },
    header.handles ?? 0,
    header.flags ?? 0,
    { u64: 1n },
    { u32: header.length ?? body.length },
    { u16: header.acks ?? 0 },
    { u16: header.releases ?? 0 },
    body,
  );
}

export interface TextureHandle {
  readonly origin?: number;
  readonly descriptor?: number;
  readonly slot?: number;
  readonly segment?: bigint;
  readonly generation?: bigint;
  readonly width?: number;
  readonly height?: number;
  readonly stride?: number;
  readonly format?: number;
}

export function texture(handle: TextureHandle = {}): Uint8Array {
  return bytes(
    9,
    handle.origin ?? 0,
    handle.descriptor ?? 0,
    { u32: handle.slot ?? 0 },
    { u64: handle.segment ?? 77n },
    { u64: handle.generation ?? 1n },
    { u32: handle.width ?? 16 },
    { u32: handle.height ?? 16 },
    { u32: handle.stride ?? 48 },
    handle.format ?? 1,
  );
}

/** The body of a VideoFrame around a handle. */
export function videoFrame(pixels: Uint8Array): Uint8Array {
  return bytes(
    ...[8, { u16: 4 }, 12, 'pixel_buffer', pixels],
    ...[12, 'timestamp_ns', 2, { u64: 5n }, 12, 'frame_number', 3, { u64: 6n }],
    ...[10, 'media_time', 0],
  );
}
