#!/usr/bin/env node
// A long run: camera → Python → sink at 60 frames a second. At random, the Python process or the broker is killed, and the graph
// is changed. Memory, descriptors and latency are sampled; at the end a report says whether they stayed flat.
import { execFile } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { basename, dirname, extname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { monotonicNs, Texture, VideoFrame } from '@streamlib/host-bridge';
import { BrokerClient, defineProcessor, Runtime } from '@streamlib/runtime';
import { z } from 'zod';
import { root } from '../../scripts/lib/root.js';
import { chaos } from './chaos.js';
import { judge, type Sample } from './judge.js';
import { markdown, svg } from './report.js';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    report: { type: 'string' },
    markdown: { type: 'string' },
    'chaos-every-s': { type: 'string', default: '15' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    'latency-slack-ms': { type: 'string', default: '5' },
    help: { type: 'boolean', short: 'h' },
  },
});
if (values.help) {
  console.log(`npm run soak [-- OPTIONS]
  --minutes N            how long (1)
  --chaos-every-s S      about how often something happens at random: the Python process is killed, the broker is killed, a branch
                         is added or removed, code is replaced, a connection is cut and made again (15; 0: nothing happens)
  --seed N               the same events in the same order as another run
  --latency-slack-ms MS  by how much the median latency may rise (5)
  --report FILE          the report with all samples, as JSON
  --markdown FILE        the report as a page, with a picture beside it`);
  process.exit(0);
}
const endMs = Number(values.minutes) * 60_000;
const chaosEveryMs = Number(values['chaos-every-s']) * 1000;
const sampleMs = Math.max(500, endMs / 240);

// A world of its own: a broker that other runs use would not tell what this one holds.
const home = mkdtempSync(join(tmpdir(), 'streamlib-soak-'));
const port = await new Promise<number>((resolve, reject) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() =>
      address === null || typeof address === 'string'
        ? reject(new Error('no port is free'))
        : resolve(address.port),
    );
  });
});
Object.assign(process.env, {
  STREAMLIB_HOME: home,
  XDG_RUNTIME_DIR: home,
  STREAMLIB_BROKER_PORT: String(port),
  STREAMLIB_BROKER_ENDPOINT: `127.0.0.1:${port}`,
  STREAMLIB_BROKER_XPC_SERVICE: 'com.tatolab.streamlib.broker.soak',
  STREAMLIB_VENV: process.env.STREAMLIB_VENV ?? join(root, '.streamlib/venv'),
});

setFlagsFromString('--expose-gc');
const collect: () => void = runInNewContext('gc');

let latencies: number[] = [];
let frames = 0;
let wrong = 0;
const sink = defineProcessor({
  type: 'soak-sink',
  inputs: { video: VideoFrame },
  outputs: {},
  config: z.object({}),
  create: () => ({
    process: (_ctx, _port, { pixel_buffer: picture, timestamp_ns: sentAt }) => {
      frames++;
      if (typeof sentAt === 'bigint') latencies.push(Number(monotonicNs() - sentAt) / 1e6);
      if (!(picture instanceof Texture) || picture.bytes.length !== 640 * 480 * 3) wrong++;
    },
  }),
});

const runtime = new Runtime({ name: 'soak', logLevel: 'warn' });
runtime.on('log', ({ level, processor, message }) => {
  // What happens on purpose is no news.
  if (!/SIGKILL|broker/.test(message)) console.error(`${level} [${processor ?? 'runtime'}] ${message}`);
});
const python = {
  file: join(root, 'test/fixtures/invert.py'),
  backoff_s: 0.01,
  max_restarts: 1_000_000,
};
runtime
  .add('camera', 'camera', { source: 'test-pattern', width: 640, height: 480, fps: 60 })
  .add('effect', 'python', python)
  .add('sink', sink)
  .connect('camera', 'effect')
  .connect('effect', 'sink');

const residentMb = (pid: number | null) => {
  if (pid === null) return null;
  try {
    // One that was killed and not yet waited for has none.
    const [, kb] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kb === undefined ? null : Number(kb) / 1024;
  } catch {
    return null;
  }
};
/** Open descriptors: those of shared frames, and all others. */
const descriptorsOf = (pid: number | null) => {
  try {
    const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    });
    const frames = targets.filter((target) => target.includes('streamlib-frames')).length;
    return { frames, others: targets.length - frames || null };
  } catch {
    return { frames: null, others: null };
  }
};
const percentile = (sorted: readonly number[], p: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? null;

const samples: (Sample & {
  readonly at_s: number;
  readonly frames: number;
  readonly branch: boolean;
  readonly p99_ms: number | null;
})[] = [];
/** Whether the graph has its second Python process, or is getting it. */
let branch = false;
function sample(began: number, broker: number | null): void {
  collect();
  const client = runtime.stats().nodes.effect?.pid ?? null;
  const held = descriptorsOf(process.pid);
  const sorted = latencies.sort((a, b) => a - b);
  latencies = [];
  const now = {
    at_s: Math.round((performance.now() - began) / 100) / 10,
    frames,
    branch,
    p50_ms: percentile(sorted, 0.5),
    p99_ms: percentile(sorted, 0.99),
    runtime_mb: residentMb(process.pid),
    client_mb: client === null ? null : residentMb(client),
    broker_mb: residentMb(broker),
    runtime_fds: held.others,
    frame_fds: held.frames,
    client_fds: client === null ? null : descriptorsOf(client).others,
    broker_fds: descriptorsOf(broker).others,
  };
  samples.push(now);
  if (process.stderr.isTTY)
    process.stderr.write(
      `\r${now.at_s.toFixed(0)} s  ${frames} frames  p50 ${now.p50_ms?.toFixed(2)} ms  runtime ${now.runtime_mb?.toFixed(0)} MB  `,
    );
}

/** One that nobody watches: a branch of its own comes and goes. */
const branchSink = defineProcessor({
  type: 'soak-branch-sink',
  inputs: { video: VideoFrame },
  outputs: {},
  config: z.object({}),
  create: () => ({ process: () => {} }),
});
const command = join(root, 'cli/bin/streamlib.js');
/** The broker's pid; starts one where none runs. */
async function brokerPid(): Promise<number | null> {
  await promisify(execFile)(process.execPath, [command, 'broker', 'start']);
  const client = new BrokerClient();
  try {
    return (await client.status())?.pid ?? null;
  } finally {
    client.close();
  }
}

let broker: number | null = null;
const acts = {
  'the Python process was killed': async () => {
    const { pid } = runtime.stats().nodes.effect ?? {};
    if (pid) process.kill(pid, 'SIGKILL');
  },
  'the broker was killed': async () => {
    if (broker !== null) process.kill(broker, 'SIGKILL');
    broker = await brokerPid();
  },
  'a branch was added or removed': async () => {
    if (branch) {
      await runtime.removeNode('branch');
      await runtime.removeNode('branch-sink');
      branch = false;
    } else {
      branch = true;
      await runtime.addNode('branch-sink', branchSink);
      await runtime.addNode('branch', 'python', python);
      await runtime.connectPorts('camera', 'branch');
      await runtime.connectPorts('branch', 'branch-sink');
    }
  },
  'code was replaced': () => runtime.replaceNode('effect', 'python', python),
  'a connection was cut and made again': async () => {
    await runtime.disconnectPorts('camera', 'effect');
    await runtime.connectPorts('camera', 'effect');
  },
};

await runtime.start();
broker = await brokerPid();
const startedAt = new Date().toISOString();
const loads = [loadavg()[0] ?? 0];
const began = performance.now();
const sampler = setInterval(() => sample(began, broker), sampleMs);
const over = new AbortController();
process.once('SIGINT', () => over.abort());
const pause = (ms: number) => sleep(ms, undefined, { signal: over.signal }).catch(() => {});
const happening =
  chaosEveryMs > 0
    ? chaos(acts, { everyMs: chaosEveryMs, seed: Number(values.seed), signal: over.signal, pause })
    : { done: {}, failed: [] };
await pause(endMs);
over.abort();
clearInterval(sampler);
const { done, failed } = await happening;
const ranMs = performance.now() - began;
loads.push(loadavg()[0] ?? 0);
await runtime.stop();
if (broker !== null) process.kill(broker, 'SIGTERM');
rmSync(home, { recursive: true, force: true });

const stats = runtime.stats();
// A branch takes its own memory and descriptors: like is compared with like.
const alike = samples.filter((each) => !each.branch);
const verdict = judge(alike, Number(values['latency-slack-ms']));
const report = {
  began: startedAt,
  minutes: Math.round(ranMs / 6000) / 10,
  seed: Number(values.seed),
  chaos_every_s: chaosEveryMs / 1000,
  machine: { cores: cpus().length, load_average: loads.map((load) => Math.round(load * 100) / 100) },
  frames,
  wrong,
  restarts: stats.restarts,
  dropped: stats.dropped,
  dropped_by: stats.dropped_by,
  events: done,
  failed_events: failed,
  flat: verdict.flat && wrong === 0 && failed.length === 0,
  series: verdict.series,
};
function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
if (values.report !== undefined) write(values.report, `${JSON.stringify({ ...report, samples }, null, 1)}\n`);
if (values.markdown !== undefined) {
  const picture = `${basename(values.markdown, extname(values.markdown))}.svg`;
  write(values.markdown, markdown(report, picture));
  write(join(dirname(values.markdown), picture), svg(samples));
}
console.log(JSON.stringify(report));
process.exitCode = report.flat ? 0 : 1;
