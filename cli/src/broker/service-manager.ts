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
 * The system's service manager, if it is in charge of the broker. In development systemd never is: the proxies in
 * .streamlib/bin run a broker of their own, and must not touch an installed one. launchd may be, under the name of that
 * environment: nobody else gives out names of Mach services.
 */
export async function serviceManager(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  run: Run = runCommand,
): Promise<ServiceManager | null> {
  const development = env.STREAMLIB_DEV_MODE === '1' || Boolean(env.STREAMLIB_BROKER_XPC_SERVICE);
  const managers = {
    darwin: () => launchd(run, env.STREAMLIB_BROKER_XPC_SERVICE || LAUNCHD_LABEL),
    linux: () => (development ? null : systemd(run)),
  };
  const manager = platform === 'darwin' || platform === 'linux' ? managers[platform]() : null;
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

function launchd(run: Run, label: string): ServiceManager & { isInCharge(): Promise<void> } {
  const target = `gui/${process.getuid?.() ?? 0}/${label}`;
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
