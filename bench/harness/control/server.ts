// Where the host processes report. A socket rather than standard streams: some peers are started by a launcher that
// keeps those to itself.

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLines } from './lines.js';

/** A host process that has reported. */
export interface Arrival {
  socket: Socket;
  pid: number;
  onMessage: (message: Record<string, unknown>) => void;
}

export class ControlServer {
  #directory = mkdtempSync(join(tmpdir(), 'streamlib-bench-'));
  #server = createServer((socket) => this.#greet(socket));
  #expected: Map<string, (arrival: Arrival) => void> = new Map();
  path = join(this.#directory, 'control.sock');

  async listen() {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  wait(name: string): Promise<Arrival> {
    return new Promise((resolve) => this.#expected.set(name, resolve));
  }

  close() {
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #greet(socket: Socket) {
    socket.once('error', () => {});
    const arrival: Arrival = { socket, pid: 0, onMessage: () => {} };
    readLines(socket, (message) => {
      if (arrival.pid !== 0) {
        arrival.onMessage(message);
        return;
      }
      const name = String(message.hello);
      arrival.pid = Number(message.pid);
      this.#expected.get(name)?.(arrival);
      this.#expected.delete(name);
    });
  }
}
