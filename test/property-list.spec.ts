import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkout } from './harness/world.js';

// No Mac reads the property list here, so Python's parser does, and what launchd.plist(5) asks for is written down below.

const tools = process.env.STREAMLIB_TOOLS ?? join(checkout, '.streamlib', 'tools');
const NAME = 'com.tatolab.streamlib.broker';

interface Agent {
  readonly Label: string;
  readonly ProgramArguments: readonly string[];
  readonly MachServices: Readonly<Record<string, boolean>>;
  readonly EnvironmentVariables?: Readonly<Record<string, string>>;
  readonly KeepAlive: Readonly<Record<string, boolean>>;
  readonly ThrottleInterval: number;
  readonly StandardOutPath: string;
  readonly StandardErrorPath: string;
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isNatural = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isTexts = (value: unknown) => Array.isArray(value) && value.length > 0 && value.every(isText);
const isDictionary = (of: (value: unknown) => boolean) => (value: unknown) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(of);
const isBoolean = (value: unknown) => typeof value === 'boolean';

/** Keys that launchd knows, of those that are used here. It ignores others without a word. */
const KEYS: Readonly<Record<string, (value: unknown) => boolean>> = {
  Label: isText,
  ProgramArguments: isTexts,
  MachServices: isDictionary(isBoolean),
  EnvironmentVariables: isDictionary(isText),
  RunAtLoad: isBoolean,
  KeepAlive: isDictionary(isBoolean),
  ThrottleInterval: isNatural,
  ExitTimeOut: isNatural,
  Umask: isNatural,
  SoftResourceLimits: isDictionary(isNatural),
  StandardOutPath: isText,
  StandardErrorPath: isText,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-agent-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function parse(path: string): Agent {
  const script = 'import json, plistlib, sys; json.dump(plistlib.load(open(sys.argv[1], "rb")), sys.stdout)';
  return JSON.parse(
    execFileSync(join(tools, 'bin', 'python'), ['-c', script, path], { encoding: 'utf8' }),
  ) as Agent;
}

function written(env: NodeJS.ProcessEnv): { readonly path: string; readonly agent: Agent } {
  execFileSync(
    process.execPath,
    [join(checkout, 'launchd/install.mjs'), '--write', folder, '--platform', 'darwin'],
    { env: { HOME: '/Users/a & <b>', PATH: process.env.PATH, ...env } },
  );
  const [name = ''] = readdirSync(folder);
  return { path: join(folder, name), agent: parse(join(folder, name)) };
}

const development = {
  STREAMLIB_DEV_MODE: '1',
  STREAMLIB_HOME: '/Users/a/check out/.streamlib',
  STREAMLIB_BROKER_PORT: '50052',
  STREAMLIB_BROKER_ENDPOINT: '127.0.0.1:50052',
  STREAMLIB_BROKER_XPC_SERVICE: `${NAME}.dev-0123456789ab`,
};

describe.each([
  ['production', {}, NAME],
  ['development', development, `${NAME}.dev-0123456789ab`],
] as const)('the launch agent of %s', (_, env, name) => {
  it('has the keys and types that launchd asks for, and no others', () => {
    const { agent } = written(env);
    for (const [key, value] of Object.entries(agent)) {
      expect(KEYS, `launchd knows no ${key}`).toHaveProperty(key);
      expect(KEYS[key]?.(value), `${key}: ${JSON.stringify(value)}`).toBe(true);
    }
  });

  it('is named after its label, which is the Mach service', () => {
    const { path, agent } = written(env);
    expect(basename(path)).toBe(`${name}.plist`);
    expect(agent.Label).toBe(name);
    expect(agent.MachServices).toEqual({ [name]: true });
  });

  it('starts programs that are there, by absolute paths: launchd knows no PATH', () => {
    const { agent } = written(env);
    expect(agent.ProgramArguments).toHaveLength(2);
    for (const path of agent.ProgramArguments) {
      expect(isAbsolute(path), path).toBe(true);
      expect(existsSync(path), path).toBe(true);
    }
  });

  it('comes back after a crash, not too fast, and not after it was told to stop', () => {
    const { agent } = written(env);
    expect(agent.KeepAlive).toEqual({ SuccessfulExit: false });
    expect(agent.ThrottleInterval).toBeGreaterThanOrEqual(1);
  });

  it('writes what it says into the state directory', () => {
    const { agent } = written(env);
    const state =
      'STREAMLIB_HOME' in env ? env.STREAMLIB_HOME : '/Users/a & <b>/Library/Application Support/streamlib';
    expect(agent.StandardErrorPath).toBe(`${state}/broker.stderr`);
    expect(agent.StandardOutPath).toBe(`${state}/broker.stderr`);
  });

  it('starts in the environment that it was installed from', () => {
    const { agent } = written(env);
    expect(agent.EnvironmentVariables ?? {}).toEqual(env);
  });
});

it('a name that cannot be one of a file is refused', () => {
  expect(() => written({ STREAMLIB_BROKER_XPC_SERVICE: '../../evil' })).toThrow(
    /letters, digits, dots and hyphens/,
  );
});

it('every property list in the repository parses', () => {
  const files = execFileSync('git', ['ls-files', '*.plist'], { cwd: checkout, encoding: 'utf8' })
    .trim()
    .split('\n');
  expect(files).toEqual([`launchd/${NAME}.plist`]);
  for (const file of files) expect(parse(join(checkout, file))).toHaveProperty('Label');
});
