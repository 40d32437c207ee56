// What one VideoFrame costs between two connections in this process: send, receive, and the whole way round.
// Run by hand: npx tsx host-bridge/bench/codec.ts [rounds]
import { type Connection, connectEndpoint, FramePool, Listener, Texture, VideoFrame } from '../dist/index.js';

const rounds = Number(process.argv[2] ?? 20_000);
const batch = 50;

const listener = Listener.anonymous();
const endpoint = listener.endpoint();
const accepted = new Promise<Connection>((resolve) => {
  listener.onConnection = resolve;
});
const sender = connectEndpoint(endpoint);
const receiver = await accepted;
const ports = [{ name: 'video', schema: VideoFrame }];
sender.definePorts({ inputs: [], outputs: ports });
receiver.definePorts({ inputs: ports, outputs: [] });

const pool = new FramePool({ maxSlots: 4 });
const texture = pool.texture(64, 64);
if (texture === null) throw new Error('the pool is empty');
const value = { pixel_buffer: texture, timestamp_ns: 5n, frame_number: 7n };

let sending = 0n;
let receiving = 0n;
let received = 0;
let first = 0n;
let last = 0n;
let next = () => {};
receiver.onFrame = (port, frameId, frame) => {
  if (received % batch === 0) first = process.hrtime.bigint();
  received += 1;
  if (frame.pixel_buffer instanceof Texture) frame.pixel_buffer.close();
  receiver.ack(port, frameId);
  if (received % batch === 0) {
    last = process.hrtime.bigint();
    receiving += last - first;
    setImmediate(next);
  }
};
receiver.start();
sender.start();

for (let sent = 0; sent < rounds; ) {
  const begin = process.hrtime.bigint();
  for (let i = 0; i < batch; i += 1)
    if (!sender.sendFrame(0, ++sent, value)) throw new Error('the socket is full');
  sending += process.hrtime.bigint() - begin;
  await new Promise<void>((resolve) => {
    next = resolve;
  });
}
console.log(
  `send     ${(Number(sending) / rounds / 1000).toFixed(2)} µs for each VideoFrame (encode and sendmsg)`,
);
console.log(
  `receive  ${(Number(receiving) / ((rounds / batch) * (batch - 1)) / 1000).toFixed(2)} µs (recvmsg, decode, close, ack)`,
);
texture.close();
sender.close();
receiver.close();
listener.close();
endpoint.close();
pool.close();
