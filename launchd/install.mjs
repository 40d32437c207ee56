#!/usr/bin/env node
// Makes the broker a service of the user: by systemd on Linux, by launchd on macOS. Not needed to use StreamLib: a runtime
// that finds no broker starts one. `streamlib broker start|stop|restart` use the service once it is installed.
//
//   node launchd/install.mjs               install (or update) and start
//   node launchd/install.mjs --uninstall   stop and remove
//   node launchd/install.mjs --print       only print what would be installed
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const folder = dirname(fileURLToPath(import.meta.url));
const unit = 'streamlib-broker.service';
const label = 'com.tatolab.streamlib.broker';

const services = {
  linux: {
    template: unit,
    target: () => join(process.env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'systemd', 'user', unit),
    stateDir: () => join(process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state'), 'streamlib'),
    // Between double quotes of a unit file.
    quote: (text) => text.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$'),
    install: () => {
      run('systemctl', '--user', 'daemon-reload');
      run('systemctl', '--user', 'enable', unit);
      run('systemctl', '--user', 'restart', unit);
    },
    uninstall: () => attempt('systemctl', '--user', 'disable', '--now', unit),
    afterwards: () => attempt('systemctl', '--user', 'daemon-reload'),
  },
  darwin: {
    template: `${label}.plist`,
    target: () => join(homedir(), 'Library', 'LaunchAgents', `${label}.plist`),
    stateDir: () => join(homedir(), 'Library', 'Application Support', 'streamlib'),
    quote: (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    install: (target) => {
      // Only what is not loaded can be loaded; that there was nothing to unload is no failure.
      attempt('launchctl', 'bootout', `gui/${process.getuid()}/${label}`);
      run('launchctl', 'bootstrap', `gui/${process.getuid()}`, target);
    },
    uninstall: () => attempt('launchctl', 'bootout', `gui/${process.getuid()}/${label}`),
    afterwards: () => {},
  },
};

function main() {
  const { values } = parseArgs({
    options: { print: { type: 'boolean' }, uninstall: { type: 'boolean' }, platform: { type: 'string' } },
  });
  const platform = values.platform ?? process.platform;
  const service = services[platform];
  if (service === undefined)
    fail(`there is no service definition for ${platform}; linux and darwin have one`);
  if (values.print) {
    process.stdout.write(render(service));
    return;
  }
  if (platform !== process.platform) fail('--platform goes with --print only');
  if (process.env.STREAMLIB_DEV_MODE === '1' || process.env.STREAMLIB_BROKER_XPC_SERVICE)
    fail('this is a development environment, whose broker has a name of its own; run this outside of it');
  const target = service.target();
  if (values.uninstall) {
    service.uninstall();
    rmSync(target, { force: true });
    service.afterwards();
    console.log(`Removed ${target}`);
    return;
  }
  mkdirSync(service.stateDir(), { recursive: true, mode: 0o700 });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, render(service), { mode: 0o644 });
  service.install(target);
  console.log(`Installed ${target} and started the broker; \`streamlib broker status\` tells how it does`);
}

function render(service) {
  const values = {
    '@NODE@': process.execPath,
    '@BROKER@': join(folder, '..', 'broker', 'bin', 'streamlib-broker.js'),
    '@STATE@': service.stateDir(),
  };
  const template = readFileSync(join(folder, service.template), 'utf8');
  // The comment that explains the placeholders goes, or it would be filled in, too.
  return template
    .split('\n')
    .filter((line) => !line.includes('A template:'))
    .join('\n')
    .replace(/@[A-Z]+@/g, (name) => service.quote(values[name]));
}

function run(command, ...args) {
  try {
    execFileSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  } catch (error) {
    fail(`\`${[command, ...args].join(' ')}\` failed: ${error.message}`);
  }
}

function attempt(command, ...args) {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
  } catch {
    // It was not there.
  }
}

function fail(message) {
  console.error(`install: ${message}`);
  process.exit(1);
}

main();
