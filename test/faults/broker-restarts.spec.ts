import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { credentials, Metadata } from '@grpc/grpc-js';
import { brokerToken, debugCounts } from '@streamlib/host-bridge';
import { BrokerServiceClient, type ConnectionEntry, ListConnectionsRequest } from '@streamlib/proto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { BrokerChannels } from '../../runtime/src/broker/channels.js';
import { openSession } from '../../runtime/src/broker/runtime-session.js';
import type { BrokerSession } from '../../runtime/src/broker/session.js';
import { ClientCalls, FakePair } from '../harness/fake-pair.js';
import { makeSandbox, type Sandbox } from '../harness/sandbox.js';
import { checkout, programPath } from '../harness/world.js';

/** A minute by command: npm run faults -- --only broker-restarts --seconds 60 */
const seconds = Number(process.env.STREAMLIB_RESTART_SECONDS ?? 8);
const livePairs = 50;

let sandbox: Sandbox;
let broker: Broker;
const before = { ...process.env };
beforeEach(async () => {
  sandbox = await makeSandbox('broker-restarts');
  // The host and the client are in this process, and so are their names and places.
  for (const [name, value] of Object.entries(sandbox.env)) process.env[name] = value;
  // Only the test starts brokers: one that the runtime starts ends at once, as if another had been faster.
  process.env.STREAMLIB_BROKER_BIN = programPath('test/fixtures/no-broker.ts');
});
afterEach(async () => {
  await broker.end('SIGKILL');
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
  sandbox.dispose();
});

/** The broker's program, started and killed by the test alone. */
class Broker {
  kills = 0;
  private child = this.spawn();

  private spawn() {
    const program = join(checkout, 'broker/bin/streamlib-broker.js');
    return spawn(process.execPath, [program, '--ready-fd', '3'], {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
    });
  }

  async ready(): Promise<void> {
    await once(this.child.stdio[3] as Readable, 'data');
  }

  async replace(signal: NodeJS.Signals): Promise<void> {
    await this.end(signal);
    this.kills++;
    this.child = this.spawn();
    await this.ready();
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill(signal);
    await exited;
  }
}

async function registry(): Promise<ConnectionEntry[]> {
  const grpc = new BrokerServiceClient(`127.0.0.1:${sandbox.port}`, credentials.createInsecure());
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${brokerToken(`127.0.0.1:${sandbox.port}`)}`);
  try {
    return await new Promise((resolve, reject) =>
      grpc.listConnections(ListConnectionsRequest.fromPartial({}), metadata, (error, answer) =>
        error === null ? resolve(answer.connections) : reject(error),
      ),
    );
  } finally {
    grpc.close();
  }
}

it(
  `a broker that is killed every second for ${seconds} s is missed by nobody`,
  async () => {
    const leftBefore = debugCounts().connections;
    broker = new Broker();
    await broker.ready();
    const calls = new ClientCalls(`127.0.0.1:${sandbox.port}`);
    const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
    const session: BrokerSession = await openSession(
      { id: 'restarts', name: 'restarts', pid: process.pid, logFile: '', version: '0', apiAddress: '' },
      new BrokerChannels().use(),
      { log: log as never, onProgress: () => undefined, signal: new AbortController().signal },
    );
    const pairs = await Promise.all(
      Array.from({ length: livePairs }, (_, index) => FakePair.open(session, calls, `live-${index}`)),
    );
    let over = false;
    const flow = (async () => {
      while (!over) {
        for (const pair of pairs) pair.send();
        await pause(50);
      }
    })();
    let handshakes = 0;
    const durations: number[] = [];
    const comeAndGo = async (name: string) => {
      while (!over) {
        const began = performance.now();
        const pair = await FakePair.open(session, calls, name);
        durations.push(performance.now() - began);
        pair.send();
        while (!pair.settled) await pause(1);
        await pair.close();
        handshakes++;
      }
    };
    const newcomers = Array.from({ length: 4 }, (_, index) => comeAndGo(`newcomer-${index}`));

    const end = performance.now() + seconds * 1000;
    while (performance.now() < end) {
      const tick = performance.now() + 1_000;
      // Sometimes it has time to say good-bye, sometimes not.
      await broker.replace(broker.kills % 3 === 2 ? 'SIGTERM' : 'SIGKILL');
      // On a machine that is busy, starting alone may take a second.
      await pause(Math.max(tick - performance.now(), 400));
    }
    over = true;
    // Whoever was in the middle of a handshake gets to its end.
    await Promise.all([flow, ...newcomers]);
    await expect.poll(() => pairs.every((pair) => pair.settled), { timeout: 10_000 }).toBe(true);

    expect(broker.kills).toBeGreaterThanOrEqual(Math.floor(seconds / 3));
    expect(handshakes).toBeGreaterThan(broker.kills);
    expect(pairs.map((pair) => pair.closed).filter((closed) => closed !== null)).toEqual([]);
    expect(pairs.reduce((sum, pair) => sum + pair.gaps, 0)).toBe(0);
    const frames = pairs.reduce((sum, pair) => sum + pair.sent, 0);
    expect(frames).toBeGreaterThan(livePairs * seconds * 4);
    expect(pairs.reduce((sum, pair) => sum + pair.echoed, 0)).toBe(frames);

    // The registry is the truth: those fifty are ready, and nothing else is.
    const truth = pairs.map(({ id }) => id).sort();
    const told = async () =>
      (await registry())
        .filter(({ derivedState }) => derivedState !== 'failed')
        .map(({ connectionId, derivedState }) => `${connectionId} ${derivedState}`)
        .sort();
    await expect.poll(told, { timeout: 10_000 }).toEqual(truth.map((id) => `${id} ready`));

    durations.sort((a, b) => a - b);
    const rounded = (ms = 0) => Math.round(ms * 10) / 10;
    if (process.env.STREAMLIB_RESTART_REPORT !== undefined)
      writeFileSync(
        process.env.STREAMLIB_RESTART_REPORT,
        JSON.stringify({
          seconds,
          broker_restarts: broker.kills,
          connections: livePairs,
          frames,
          frames_lost: frames - pairs.reduce((sum, pair) => sum + pair.echoed, 0),
          handshakes,
          handshake_ms: { p50: rounded(durations[durations.length >> 1]), max: rounded(durations.at(-1)) },
          registry_is_truth: true,
        }),
      );
    console.log(
      `${broker.kills} restarts, ${frames} frames on ${livePairs} connections, none lost; ${handshakes} new handshakes, p50 ${durations[durations.length >> 1]?.toFixed(0)} ms, longest ${durations.at(-1)?.toFixed(0)} ms`,
    );
    await Promise.all(pairs.map((pair) => pair.close()));
    await session.end();
    calls.close();
    await broker.end('SIGTERM');
    await expect.poll(() => debugCounts().connections).toBe(leftBefore);
  },
  seconds * 1000 + 90_000,
);
