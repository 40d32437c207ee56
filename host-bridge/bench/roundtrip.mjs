// Round trips of a frame Node → Node → Node: each side reads one byte and writes one byte in every page.
// Run by hand: node host-bridge/bench/roundtrip.mjs [bytes] [rounds]
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNamed, FramePool, Listener, processCpuNs } from '../dist/index.js';

const Payload = {
  name: 'Payload',
  fields: [
    { name: 'data', type: 'Buffer' },
    { name: 'timestamp_ns', type: 'Int64' },
  ],
};
const ports = [{ name: 'data', schema: Payload }];

function write(bytes, value) {
  for (let i = 0; i < bytes.length; i += 4096) bytes[i] = value;
}

function sum(bytes) {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 4096) total += bytes[i];
  return total;
}

function echo(path) {
  const connection = connectNamed(path);
  const pool = new FramePool({ maxSlots: 4 });
  connection.definePorts({ inputs: ports, outputs: ports });
  connection.onFrame = (port, frameId, frame) => {
    const value = sum(frame.data.bytes) / Math.ceil(frame.data.byteLength / 4096);
    const reply = pool.buffer(frame.data.byteLength);
    write(reply.bytes, (value + 1) & 255);
    frame.data.close();
    connection.ack(port, frameId);
    connection.sendFrame(0, frameId, { data: reply, timestamp_ns: frame.timestamp_ns });
    reply.close();
  };
  connection.start();
}

async function measure(bytes, rounds) {
  const directory = mkdtempSync(join(tmpdir(), 'streamlib-bench-'));
  const path = join(directory, 'bench.sock');
  const listener = Listener.named(path);
  const accepted = new Promise((resolve) => {
    listener.onConnection = resolve;
  });
  const child = fork(new URL(import.meta.url), ['--echo', path]);
  const connection = await accepted;
  connection.definePorts({ inputs: ports, outputs: ports });
  const pool = new FramePool({ maxSlots: 4 });
  const times = new Float64Array(rounds);
  let frame = 0;
  let sent = 0;
  const send = () => {
    sent = performance.now();
    const data = pool.buffer(bytes);
    write(data.bytes, frame & 255);
    connection.sendFrame(0, frame, { data, timestamp_ns: 1n });
    data.close();
  };
  const warm = Math.min(2000, rounds);
  const before = processCpuNs(0) + processCpuNs(child.pid);
  await new Promise((resolve) => {
    connection.onFrame = (port, frameId, value) => {
      const pages = Math.ceil(bytes / 4096);
      if (sum(value.data.bytes) !== ((frame + 1) & 255) * pages)
        throw new Error(`wrong pixels in ${frameId}`);
      value.data.close();
      connection.ack(port, frameId);
      if (frame >= warm) times[frame - warm] = (performance.now() - sent) * 1000;
      frame += 1;
      if (frame < warm + rounds) send();
      else resolve();
    };
    connection.start();
    send();
  });
  const cpu = (processCpuNs(0) + processCpuNs(child.pid) - before) / (warm + rounds) / 1000;
  times.sort();
  const at = (q) => times[Math.floor(rounds * q)].toFixed(1);
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
  echo(second);
} else {
  const sizes = first === undefined ? [1024, 65536, 921600, 6220800] : [Number(first)];
  for (const bytes of sizes) await measure(bytes, Number(second ?? (bytes > 1e6 ? 1000 : 10_000)));
}
