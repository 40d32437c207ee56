// A world of the benchmark's own: state directory, service name, port and broker. Only the Python environment is shared
// with the checkout, because making one takes long. To be called before anything of the product is imported.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { state } from './paths.js';

export async function openSandbox() {
  const home = mkdtempSync(join(tmpdir(), 'streamlib-bench-home-'));
  Object.assign(process.env, {
    STREAMLIB_HOME: home,
    XDG_RUNTIME_DIR: home,
    STREAMLIB_BROKER_XPC_SERVICE: `com.tatolab.streamlib.broker.bench-${process.pid}`,
    STREAMLIB_BROKER_PORT: String(await freePort()),
    STREAMLIB_VENV: process.env.STREAMLIB_VENV ?? join(state, 'venv'),
  });
  delete process.env.STREAMLIB_BROKER_ENDPOINT;
  return {
    home,
    /** Ends the broker that runtimes in here started. */
    async close() {
      // On a busy machine the first question may go unanswered; a broker that is left alone would stay for good.
      let pid = await brokerPid();
      for (let again = 0; pid === null && again < 4; again++) pid = await brokerPid();
      if (pid !== null) process.kill(pid, 'SIGTERM');
      rmSync(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
    },
  };
}

export async function brokerPid() {
  const { BrokerClient } = await import('@streamlib/runtime');
  const client = new BrokerClient();
  const status = await client.status();
  client.close();
  return status?.pid ?? null;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port is free')),
      );
    });
  });
}
