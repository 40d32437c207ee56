import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withBroker } from '../broker-client.js';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { startDetached, stopDetached } from './lifecycle.js';
import { serviceManager } from './service-manager.js';

interface InstallOptions {
  readonly json?: boolean;
}

/** launchd/install.mjs, which also works without this command. */
interface Installer {
  prepare(): string[];
  start(paths: readonly string[]): void;
  uninstall(): string[];
}

/**
 * Makes the broker a service of the user's, which starts at login. One that runs already makes way, as it has the port; not before
 * all that may be refused has been granted, and it comes back if the service does not start after all.
 */
export async function brokerInstall(io: Io, options: InstallOptions): Promise<ExitCode> {
  const installer = await findInstaller();
  const manager = await serviceManager();
  const paths = attempt(() => installer.prepare());
  const stopped = manager === null && (await withBroker((client) => stopDetached(client)));
  try {
    attempt(() => installer.start(paths));
  } catch (error) {
    if (stopped)
      await startDetached(io).catch(() => io.err('The broker that ran before could not be started again.'));
    throw error;
  }
  if (options.json) printJson(io, { status: 'installed', files: paths });
  else io.out(`Broker: installed as a service that starts at login (${paths.join(', ')})`);
  return EXIT.ok;
}

export async function brokerUninstall(io: Io, options: InstallOptions): Promise<ExitCode> {
  const installer = await findInstaller();
  const paths = attempt(() => installer.uninstall());
  if (options.json) printJson(io, { status: 'uninstalled', files: paths });
  else
    io.out(
      `Broker: no longer a service (removed ${paths.join(', ')}); a runtime starts one when it needs it`,
    );
  return EXIT.ok;
}

async function findInstaller(): Promise<Installer> {
  const broker = dirname(dirname(createRequire(import.meta.url).resolve('@streamlib/broker')));
  // In the package, or beside it in a checkout.
  const paths = [broker, dirname(broker)].map((folder) => join(folder, 'launchd', 'install.mjs'));
  const path = paths.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new CliError(
      'failure',
      `this installation has no service definitions (looked for ${paths.join(' and ')}); a runtime starts a broker by itself when it needs one`,
    );
  return (await import(pathToFileURL(path).href)) as Installer;
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    // Its own errors are sentences for people.
    if (error instanceof Error && error.name === 'InstallError')
      throw new CliError('failure', error.message, { cause: error });
    throw error;
  }
}
