// Where the host processes report. A socket rather than standard streams: some peers are started by a launcher that
// keeps those to itself.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLines } from './lines.mjs';

/**
 * A host process that has reported.
 * @typedef {{ socket: import('node:net').Socket, pid: number, onMessage: (message: Record<string, unknown>) => void }} Arrival
 */

export class ControlServer {
  #directory = mkdtempSync(join(tmpdir(), 'streamlib-bench-'));
  #server = createServer((socket) => this.#greet(socket));
  /** @type {Map<string, (arrival: Arrival) => void>} */
  #expected = new Map();
  path = join(this.#directory, 'control.sock');

  async listen() {
    this.#server.listen(this.path);
    await once(this.#server, 'listening');
  }

  /** @param {string} name @returns {Promise<Arrival>} */
  wait(name) {
    return new Promise((resolve) => this.#expected.set(name, resolve));
  }

  close() {
    this.#server.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** @param {import('node:net').Socket} socket */
  #greet(socket) {
    socket.once('error', () => {});
    /** @type {Arrival} */
    const arrival = { socket, pid: 0, onMessage: () => {} };
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
