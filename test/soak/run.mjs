#!/usr/bin/env node
// A long run: camera → Python → sink at 60 frames a second, and every so often the Python process is killed. Memory,
// descriptors and latency are sampled; at the end a report says whether they stayed flat.
// `npm run soak -- --minutes 60 [--report FILE]`
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { monotonicNs, VideoFrame } from '@streamlib/host-bridge';
import { BrokerClient, defineProcessor, Runtime } from '@streamlib/runtime';
import { z } from 'zod';
import { judge } from './judge.mjs';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    report: { type: 'string' },
    'kill-every-s': { type: 'string', default: '0' },
    'latency-slack-ms': { type: 'string', default: '5' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log('npm run soak -- [--minutes N] [--kill-every-s S] [--latency-slack-ms MS] [--report FILE]');
  process.exit(0);
}
const endMs = Number(values.minutes) * 60_000;
const killEveryMs = Number(values['kill-every-s']) * 1000;
const sampleMs = Math.max(500, endMs / 240);

// A world of its own: a broker that other runs use would not tell what this one holds.
const home = mkdtempSync(join(tmpdir(), 'streamlib-soak-'));
const port = await new Promise((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address();
    server.close(() => resolve(free));
  });
});
Object.assign(process.env, {
  STREAMLIB_HOME: home,
  XDG_RUNTIME_DIR: home,
  STREAMLIB_BROKER_PORT: String(port),
  STREAMLIB_BROKER_ENDPOINT: `127.0.0.1:${port}`,
  STREAMLIB_BROKER_XPC_SERVICE: 'com.tatolab.streamlib.broker.soak',
  STREAMLIB_VENV: process.env.STREAMLIB_VENV ?? new URL('../../.streamlib/venv', import.meta.url).pathname,
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

let latencies = [];
let frames = 0;
let wrong = 0;
const sink = defineProcessor({
  type: 'soak-sink',
  inputs: { video: VideoFrame },
  outputs: {},
  config: z.object({}),
  create: () => ({
    process: (_ctx, _port, frame) => {
      frames++;
      latencies.push(Number(monotonicNs() - frame.timestamp_ns) / 1e6);
      if (frame.pixel_buffer.bytes.length !== 640 * 480 * 3) wrong++;
    },
  }),
});

const runtime = new Runtime({ name: 'soak', logLevel: 'warn' });
runtime.on('log', ({ level, processor, message }) => {
  if (!message.includes('SIGKILL')) console.error(`${level} [${processor ?? 'runtime'}] ${message}`);
});
runtime
  .add('camera', 'camera', { source: 'test-pattern', width: 640, height: 480, fps: 60 })
  .add('effect', 'python', {
    file: new URL('../fixtures/invert.py', import.meta.url).pathname,
    backoff_s: 0.01,
    max_restarts: 1_000_000,
  })
  .add('sink', sink)
  .connect('camera', 'effect')
  .connect('effect', 'sink');

const residentMb = (pid) => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;
  } catch {
    return null;
  }
};
const descriptorsOf = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return null;
  }
};
const percentile = (sorted, p) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? null;

const samples = [];
function sample(began, broker) {
  collect();
  const client = runtime.stats().nodes.effect?.pid ?? null;
  const sorted = latencies.sort((a, b) => a - b);
  latencies = [];
  const now = {
    at_s: Math.round((performance.now() - began) / 100) / 10,
    frames,
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    runtime_mb: residentMb(process.pid),
    client_mb: client === null ? null : residentMb(client),
    broker_mb: residentMb(broker),
    runtime_fds: descriptorsOf(process.pid),
    client_fds: client === null ? null : descriptorsOf(client),
    broker_fds: descriptorsOf(broker),
  };
  samples.push(now);
  if (process.stderr.isTTY)
    process.stderr.write(
      `\r${now.at_s.toFixed(0)} s  ${frames} frames  p50 ${now.p50_ms?.toFixed(2)} ms  runtime ${now.runtime_mb?.toFixed(0)} MB  `,
    );
}

await runtime.start();
const client = new BrokerClient();
const broker = (await client.status())?.pid;
client.close();
const began = performance.now();
const sampler = setInterval(() => sample(began, broker), sampleMs);
const killer =
  killEveryMs > 0
    ? setInterval(() => {
        const pid = runtime.stats().nodes.effect?.pid;
        if (pid) process.kill(pid, 'SIGKILL');
      }, killEveryMs)
    : null;
await Promise.race([
  new Promise((resolve) => setTimeout(resolve, endMs)),
  new Promise((resolve) => process.once('SIGINT', resolve)),
]);
clearInterval(sampler);
if (killer !== null) clearInterval(killer);
await runtime.stop();
if (broker !== undefined) process.kill(broker, 'SIGTERM');
rmSync(home, { recursive: true, force: true });

const stats = runtime.stats();
const verdict = judge(samples, Number(values['latency-slack-ms']));
const report = {
  minutes: Math.round((performance.now() - began) / 6000) / 10,
  frames,
  wrong,
  restarts: stats.restarts,
  dropped: stats.dropped,
  dropped_by: stats.dropped_by,
  flat: verdict.flat && wrong === 0,
  series: verdict.series,
};
if (values.report !== undefined) {
  mkdirSync(dirname(values.report), { recursive: true });
  writeFileSync(values.report, `${JSON.stringify({ ...report, samples }, null, 1)}\n`);
}
console.log(JSON.stringify(report));
process.exitCode = report.flat ? 0 : 1;
