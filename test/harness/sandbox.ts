import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A private world for one test: its own state directory, relay directory, service name and gRPC port. */
export interface Sandbox {
  readonly home: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** Removes the directories. Stop what runs in it first. */
  dispose(): void;
}

/** The environment that Python processors are built in is shared between tests: making one takes seconds. */
const sharedHome =
  process.env.STREAMLIB_TEST_HOME ?? fileURLToPath(new URL('../../.streamlib', import.meta.url));

export interface SandboxOptions {
  /** On a disk of its own that a test can fill; only root may make one. */
  readonly smallDisk?: boolean;
}

export async function makeSandbox(
  label: string,
  { smallDisk = false }: SandboxOptions = {},
): Promise<Sandbox> {
  const root = mkdtempSync(join(tmpdir(), `sl-${label}-`));
  if (smallDisk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,nr_inodes=400,mode=0700', 'sl-small-disk', root]);
  const port = await freePort();
  const home = join(root, 'home');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    STREAMLIB_HOME: home,
    XDG_RUNTIME_DIR: root,
    STREAMLIB_BROKER_PORT: String(port),
    STREAMLIB_BROKER_ENDPOINT: `127.0.0.1:${port}`,
    STREAMLIB_BROKER_XPC_SERVICE: `com.tatolab.streamlib.broker.test-${label}`,
    STREAMLIB_VENV: join(sharedHome, 'venv'),
  };
  return {
    home,
    port,
    env,
    dispose: () => {
      if (smallDisk) execFileSync('umount', ['--lazy', root]);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/** A port that was free a moment ago; the broker reports it if somebody was faster. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        typeof address === 'object' && address !== null
          ? resolve(address.port)
          : reject(new Error('the system gave no port')),
      );
    });
  });
}
