// Round trips of a frame Node → Node → Node: each side reads one byte and writes one byte in every page.
// Run by hand: npx tsx host-bridge/bench/roundtrip.ts [bytes] [rounds]
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tsx } from '../../scripts/lib/paths.js';
import {
  type Connection,
  connectNamed,
  FramePool,
  Listener,
  processCpuNs,
  type Schema,
  SharedBuffer,
} from '../dist/index.js';

const Payload: Schema = {
  name: 'Payload',
  fields: [
    { name: 'data', type: 'Buffer' },
    { name: 'timestamp_ns', type: 'Int64' },
  ],
};
const ports = [{ name: 'data', schema: Payload }];

function write(bytes: Uint8Array, value: number): void {
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = value;
}

function sum(bytes: Uint8Array): number {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 4096) total += bytes[i] ?? 0;
  return total;
}

/** The payload of a frame. */
function dataOf({ data }: Readonly<Record<string, unknown>>): SharedBuffer {
  if (data instanceof SharedBuffer) return data;
  throw new Error('the frame has no payload');
}

function loan(pool: FramePool, bytes: number): SharedBuffer {
  const buffer = pool.buffer(bytes);
  if (buffer === null) throw new Error('the pool is empty');
  return buffer;
}

function echo(path: string): void {
  const connection = connectNamed(path);
  const pool = new FramePool({ maxSlots: 4 });
  connection.definePorts({ inputs: ports, outputs: ports });
  connection.onFrame = (port, frameId, frame) => {
    const data = dataOf(frame);
    const value = sum(data.bytes) / Math.ceil(data.byteLength / 4096);
    const reply = loan(pool, data.byteLength);
    write(reply.bytes, (value + 1) & 255);
    data.close();
    connection.ack(port, frameId);
    connection.sendFrame(0, frameId, { data: reply, timestamp_ns: frame.timestamp_ns });
    reply.close();
  };
  connection.start();
}

async function measure(bytes: number, rounds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'streamlib-bench-'));
  const path = join(directory, 'bench.sock');
  const listener = Listener.named(path);
  const accepted = new Promise<Connection>((resolve) => {
    listener.onConnection = resolve;
  });
  const child = fork(new URL(import.meta.url), ['--echo', path], { execArgv: tsx });
  const { pid } = child;
  if (pid === undefined) throw new Error('the other process did not start');
  const connection = await accepted;
  connection.definePorts({ inputs: ports, outputs: ports });
  const pool = new FramePool({ maxSlots: 4 });
  const times = new Float64Array(rounds);
  let frame = 0;
  let sent = 0;
  const send = () => {
    sent = performance.now();
    const data = loan(pool, bytes);
    write(data.bytes, frame & 255);
    connection.sendFrame(0, frame, { data, timestamp_ns: 1n });
    data.close();
  };
  const warm = Math.min(2000, rounds);
  const before = processCpuNs(0) + processCpuNs(pid);
  await new Promise<void>((resolve) => {
    connection.onFrame = (port, frameId, value) => {
      const pages = Math.ceil(bytes / 4096);
      const data = dataOf(value);
      if (sum(data.bytes) !== ((frame + 1) & 255) * pages) throw new Error(`wrong pixels in ${frameId}`);
      data.close();
      connection.ack(port, frameId);
      if (frame >= warm) times[frame - warm] = (performance.now() - sent) * 1000;
      frame += 1;
      if (frame < warm + rounds) send();
      else resolve();
    };
    connection.start();
    send();
  });
  const cpu = (processCpuNs(0) + processCpuNs(pid) - before) / (warm + rounds) / 1000;
  times.sort();
  const at = (q: number) => (times[Math.floor(rounds * q)] ?? Number.NaN).toFixed(1);
  console.log(`${bytes} bytes: p50 ${at(0.5)} µs, p99 ${at(0.99)} µs, CPU of both ${cpu.toFixed(1)} µs`);
  connection.close();
  listener.close();
  pool.close();
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(directory, { recursive: true });
}

const [first, second] = process.argv.slice(2);
if (first === '--echo') {
  process.disconnect();
  echo(second ?? '');
} else {
  const sizes = first === undefined ? [1024, 65536, 921600, 6220800] : [Number(first)];
  for (const bytes of sizes) await measure(bytes, Number(second ?? (bytes > 1e6 ? 1000 : 10_000)));
}
