import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRunning } from '@streamlib/host-bridge';

export interface Sandbox {
  readonly home: string;
  /** Ends the broker that runtimes in here started. */
  close(): Promise<void>;
}

/**
 * A world of its own for the tests of one file: state directory, service name, port, broker. Only the Python environment is
 * shared, because making one takes long. To be called before anything of the bridge is used.
 */
export async function openSandbox(): Promise<Sandbox> {
  const home = mkdtempSync(join(tmpdir(), 'streamlib-test-'));
  const checkout = fileURLToPath(new URL('../../../', import.meta.url));
  process.env.STREAMLIB_HOME = home;
  process.env.STREAMLIB_BROKER_XPC_SERVICE = `com.tatolab.streamlib.broker.test-${process.pid}-${home.slice(-6)}`;
  process.env.STREAMLIB_BROKER_PORT = String(await freePort());
  delete process.env.STREAMLIB_BROKER_ENDPOINT;
  process.env.STREAMLIB_VENV ??= join(
    process.env.STREAMLIB_TEST_HOME ?? join(checkout, '.streamlib'),
    'venv',
  );
  return {
    home,
    close: async () => {
      const pid = await brokerPid();
      if (pid !== null) {
        process.kill(pid, 'SIGKILL');
        while (isRunning(pid)) await new Promise((resolve) => setImmediate(resolve));
      }
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export async function brokerPid(): Promise<number | null> {
  const { BrokerClient } = await import('../broker/broker-client.js');
  const client = new BrokerClient();
  const status = await client.status();
  client.close();
  return status?.pid ?? null;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
