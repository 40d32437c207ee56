import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The names under which launchd/ installs the broker. */
const SYSTEMD_UNIT = 'streamlib-broker.service';
const SYSTEMD_SOCKET = 'streamlib-broker.socket';
const LAUNCHD_LABEL = 'com.tatolab.streamlib.broker';

export interface ServiceManager {
  readonly name: 'systemd' | 'launchd';
  restart(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

type Run = (command: string, args: readonly string[]) => Promise<void>;

const runCommand: Run = async (command, args) => {
  await execute(command, [...args]);
};

/**
 * The system's service manager, if it is in charge of the broker. In development it never is: the proxies in .streamlib/bin
 * run a broker of their own, and must not touch an installed one.
 */
export async function serviceManager(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  run: Run = runCommand,
): Promise<ServiceManager | null> {
  if (env.STREAMLIB_DEV_MODE === '1' || env.STREAMLIB_BROKER_XPC_SERVICE) return null;
  const manager = platform === 'darwin' ? launchd(run) : platform === 'linux' ? systemd(run) : null;
  if (manager === null) return null;
  try {
    await manager.isInCharge();
    return manager;
  } catch {
    return null;
  }
}

function systemd(run: Run): ServiceManager & { isInCharge(): Promise<void> } {
  const systemctl = (verb: string, ...more: string[]) =>
    run('systemctl', ['--user', verb, SYSTEMD_UNIT, ...more]);
  return {
    name: 'systemd',
    isInCharge: () => systemctl('is-enabled'),
    restart: () => systemctl('restart'),
    start: () => systemctl('start'),
    // With its sockets, or the next question would start it again.
    stop: () => systemctl('stop', SYSTEMD_SOCKET),
  };
}

function launchd(run: Run): ServiceManager & { isInCharge(): Promise<void> } {
  const target = `gui/${process.getuid?.() ?? 0}/${LAUNCHD_LABEL}`;
  const launchctl = (...args: string[]) => run('launchctl', args);
  return {
    name: 'launchd',
    isInCharge: () => launchctl('print', target),
    // Not `bootout`: that unloads the service, and nothing would start it again.
    restart: () => launchctl('kickstart', '-k', target),
    start: () => launchctl('kickstart', target),
    stop: () => launchctl('kill', 'SIGTERM', target),
  };
}
