// The host process of a Node peer: takes orders from the benchmark, one at a time, and carries them out.

import { connect } from 'node:net';
import { closedLoop } from '../measure/closed-loop.js';
import { paced } from '../measure/paced.js';
import type { Adapter, Command, Transport } from '../types.js';
import { readLines, writeLine } from './lines.js';

/** Never returns: the process ends when it is told to, or when the benchmark is gone. */
export function serve(adapter: Adapter) {
  const path = process.env.BENCH_CONTROL;
  if (path === undefined)
    throw new Error('BENCH_CONTROL is not set: this program is started by bench/main.ts');
  const socket = connect(path);
  let transport: Transport | null = null;

  const carryOut = async (command: Command) => {
    switch (command.op) {
      case 'open':
        transport = await adapter.open({ bytes: command.bytes, depth: command.depth });
        return { workers: transport.workers };
      case 'loop':
        return { result: await closedLoop(opened(transport), command) };
      case 'pace':
        return { result: await paced(opened(transport), command) };
      case 'close':
        await transport?.close();
        transport = null;
        return {};
      case 'exit':
        await transport?.close();
        await adapter.dispose?.();
        setImmediate(() => process.exit(0));
        return {};
    }
  };

  socket.once('connect', () => writeLine(socket, { hello: process.env.BENCH_PEER, pid: process.pid }));
  socket.once('close', () => process.exit(1));
  socket.once('error', () => process.exit(1));
  readLines<Command>(socket, (command) => {
    carryOut(command).then(
      (answer) => writeLine(socket, { ok: true, ...answer }),
      (error) =>
        writeLine(socket, { ok: false, error: error instanceof Error ? error.message : String(error) }),
    );
  });
  // An error outside an order, such as in a callback of the peer, ends the order that is running.
  process.on('uncaughtException', (error) => {
    writeLine(socket, { ok: false, error: error.message });
    process.stderr.write(`${error.stack ?? error}\n`);
  });
}

function opened(transport: Transport | null) {
  if (transport === null) throw new Error('nothing is open');
  return transport;
}
