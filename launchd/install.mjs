#!/usr/bin/env node
// Makes the broker a service of the user: by systemd on Linux, by launchd on macOS. Not needed to use StreamLib: a runtime
// that finds no broker starts one. `streamlib broker install` and `uninstall` call this; so can anybody:
//
//   node launchd/install.mjs               install (or update) and start
//   node launchd/install.mjs --uninstall   stop and remove
//   node launchd/install.mjs --print       only print what would be installed
//   node launchd/install.mjs --write DIR   only write it there
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const folder = dirname(fileURLToPath(import.meta.url));
const unit = 'streamlib-broker.service';
const socket = 'streamlib-broker.socket';
const label = 'com.tatolab.streamlib.broker';

/** What makes a development environment one (scripts/dev-setup.sh): the service has to start in the same. */
const DEVELOPMENT = [
  'STREAMLIB_DEV_MODE',
  'STREAMLIB_HOME',
  'STREAMLIB_BROKER_PORT',
  'STREAMLIB_BROKER_ENDPOINT',
  'STREAMLIB_BROKER_USUAL_PORT',
  'STREAMLIB_BROKER_XPC_SERVICE',
];

/** What this does not do, or could not; the message says why and what to do. */
export class InstallError extends Error {
  name = 'InstallError';
}

const services = {
  linux: {
    // Sockets need no service manager there, so a development environment has no use for one.
    development: false,
    files: () => ({ [unit]: unit, [socket]: socket }),
    target: () => join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd', 'user'),
    stateDir: () => join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'streamlib'),
    // Between double quotes of a unit file.
    quote: (text) => text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$'),
    check: () =>
      run('no systemd of this user answers; runtimes start a broker by themselves, so none is needed', [
        'systemctl',
        ['--user', 'show-environment'],
      ]),
    enable: () => {
      run('the unit was written, but', ['systemctl', ['--user', 'daemon-reload']]);
      run('the unit was written, but', ['systemctl', ['--user', 'enable', unit, socket]]);
    },
    start: () => {
      // The sockets are opened before anybody listens at them; one that runs already has them.
      run('the unit was written, but', ['systemctl', ['--user', 'start', socket]]);
      run('the unit was written, but', ['systemctl', ['--user', 'restart', unit]]);
    },
    uninstall: () => attempt('systemctl', '--user', 'disable', '--now', unit, socket),
    afterwards: () => attempt('systemctl', '--user', 'daemon-reload'),
  },
  darwin: {
    // Only launchd gives out names of Mach services: without an agent of its own, a development environment has no relay.
    development: true,
    files: () => ({ [`${label}.plist`]: `${agent()}.plist` }),
    target: () => join(homedir(), 'Library', 'LaunchAgents'),
    stateDir: () =>
      process.env.STREAMLIB_HOME || join(homedir(), 'Library', 'Application Support', 'streamlib'),
    quote: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    check: () => {},
    enable: () => {},
    start: (paths) => {
      // Only what is not loaded can be loaded; that there was nothing to unload is no failure.
      attempt('launchctl', 'bootout', `${domain()}/${agent()}`);
      run('the service was written, but', ['launchctl', ['bootstrap', domain(), ...paths]]);
    },
    uninstall: () => attempt('launchctl', 'bootout', `${domain()}/${agent()}`),
    afterwards: () => {},
  },
};

const domain = () => `gui/${process.getuid()}`;

/** The agent's label, which is also the name of its Mach service. It becomes the name of a file. */
function agent() {
  const name = process.env.STREAMLIB_BROKER_XPC_SERVICE || label;
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$/.test(name)) return name;
  throw new InstallError(
    `STREAMLIB_BROKER_XPC_SERVICE is ${JSON.stringify(name)}; a service's name has letters, digits, dots and hyphens only`,
  );
}

/** Writes the service's files and starts it; returns their paths. */
export function install() {
  const paths = prepare();
  start(paths);
  return paths;
}

/** All that may be refused, before anything that runs is touched: writes the service's files, and returns their paths. */
export function prepare() {
  const service = serviceHere();
  service.check();
  try {
    mkdirSync(service.stateDir(), { recursive: true, mode: 0o700 });
    const paths = writeTo(service, service.target());
    service.enable();
    return paths;
  } catch (error) {
    if (error instanceof InstallError) throw error;
    throw new InstallError(`the service's files cannot be written: ${error.message}`);
  }
}

/** Starts what `prepare` has written. A broker that runs otherwise has the port, so it has to have ended. */
export function start(paths) {
  serviceHere().start(paths);
}

/** Stops the service and removes its files; returns their paths. */
export function uninstall() {
  const service = serviceHere();
  const paths = Object.values(service.files()).map((name) => join(service.target(), name));
  service.uninstall();
  for (const path of paths) rmSync(path, { force: true });
  service.afterwards();
  return paths;
}

function serviceHere() {
  const service = serviceOf(process.platform);
  const development = process.env.STREAMLIB_DEV_MODE === '1' || process.env.STREAMLIB_BROKER_XPC_SERVICE;
  if (development && !service.development)
    throw new InstallError(
      'this is a development environment, whose broker has a name of its own; run this outside of it',
    );
  return service;
}

function serviceOf(platform) {
  const service = services[platform];
  if (service === undefined)
    throw new InstallError(`there is no service definition for ${platform}; linux and darwin have one`);
  return service;
}

function writeTo(service, target) {
  mkdirSync(target, { recursive: true });
  return Object.entries(service.files()).map(([template, name]) => {
    const path = join(target, name);
    writeFileSync(path, render(service, template), { mode: 0o644 });
    return path;
  });
}

function render(service, name) {
  const values = {
    '@NODE@': process.execPath,
    '@BROKER@': brokerProgram(),
    '@STATE@': service.stateDir(),
    '@LABEL@': agent(),
  };
  const template = readFileSync(join(folder, name), 'utf8');
  // The comment that explains the placeholders goes, or it would be filled in, too.
  return template
    .split('\n')
    .filter((line) => !line.includes('A template:'))
    .flatMap((line) => (line.includes('@ENVIRONMENT@') ? environment(service) : [line]))
    .join('\n')
    .replace(/@[A-Z]+@/g, (placeholder) => service.quote(values[placeholder]));
}

/** Lines of a property list; none outside of a development environment. */
function environment(service) {
  const entries = DEVELOPMENT.filter((name) => process.env[name]).flatMap((name) => [
    `    <key>${name}</key>`,
    `    <string>${service.quote(process.env[name])}</string>`,
  ]);
  return entries.length === 0
    ? []
    : ['  <key>EnvironmentVariables</key>', '  <dict>', ...entries, '  </dict>'];
}

/** This folder is part of the broker's package, or stands beside it in a checkout. */
function brokerProgram() {
  const packed = join(folder, '..', 'bin', 'streamlib-broker.js');
  return existsSync(packed) ? packed : join(folder, '..', 'broker', 'bin', 'streamlib-broker.js');
}

function run(what, [command, args]) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  } catch (error) {
    const said = String(error.stderr ?? '').trim() || error.message;
    throw new InstallError(`${what}: \`${[command, ...args].join(' ')}\` failed: ${said}`);
  }
}

function attempt(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
  } catch {
    // It was not there.
  }
}

function main() {
  const { values } = parseArgs({
    options: {
      print: { type: 'boolean' },
      uninstall: { type: 'boolean' },
      platform: { type: 'string' },
      write: { type: 'string' },
    },
  });
  const platform = values.platform ?? process.platform;
  const service = serviceOf(platform);
  if (values.print) {
    process.stdout.write(
      Object.keys(service.files())
        .map((template) => render(service, template))
        .join('\n'),
    );
    return;
  }
  if (values.write !== undefined) {
    console.log(writeTo(service, values.write).join('\n'));
    return;
  }
  if (platform !== process.platform) throw new InstallError('--platform goes with --print and --write only');
  if (values.uninstall) console.log(`Removed ${uninstall().join(', ')}`);
  else
    console.log(
      `Installed ${install().join(', ')} and started the broker; \`streamlib broker status\` tells how it does`,
    );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main();
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    console.error(`install: ${error.message}`);
    process.exit(1);
  }
}
