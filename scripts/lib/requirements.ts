// What has to be on the machine before anything can be installed, and what to do where it is not.
import { existsSync } from 'node:fs';
import { probe, run } from './run.js';

const PYTHON = [3, 11] as const;
const isRoot = process.getuid?.() === 0;

/** Something that a person has to install or to say first; the message tells what. */
export class Missing extends Error {}

export function checkRust(): string {
  const version = probe('cargo', ['--version']);
  if (version === null) {
    throw new Missing(
      'A Rust toolchain (cargo) is needed to build the native bridge, and none was found. Install rustup, open a new shell and try again.',
    );
  }
  if (probe('cc', ['--version']) === null) {
    throw new Missing(
      "A C linker (cc) is needed by Rust, and none was found. Install your system's compiler package (build-essential on Debian and Ubuntu, the Xcode command line tools on macOS).",
    );
  }
  return version;
}

export interface Python {
  readonly path: string;
  /** As 3.12. */
  readonly version: string;
}

/** The first Python that is new enough; the one named in STREAMLIB_PYTHON before all others. */
export function findPython(): Python {
  const named = process.env.STREAMLIB_PYTHON;
  const names = named
    ? [named]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  const seen: string[] = [];
  for (const name of names) {
    const answer = probe(name, [
      '-c',
      'import sys; print("%d.%d %s" % (*sys.version_info[:2], sys.executable))',
    ]);
    if (answer === null) continue;
    const [version, path] = [answer.slice(0, answer.indexOf(' ')), answer.slice(answer.indexOf(' ') + 1)];
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major === PYTHON[0] && minor >= PYTHON[1]) return { path, version };
    seen.push(`${name} is ${version}`);
  }
  throw new Missing(
    `Python ${PYTHON.join('.')} or newer is needed${seen.length > 0 ? ` (${seen.join(', ')})` : ', and none was found'}. Install one, or name it in STREAMLIB_PYTHON.`,
  );
}

/** Debian ships Python without the means to make environments. */
export async function ensureVenv(python: Python): Promise<void> {
  if (probe(python.path, ['-c', 'import venv, ensurepip; print("ok")']) === 'ok') return;
  const name = `python${python.version}-venv`;
  if (!(await aptInstall(name))) {
    throw new Missing(
      `${python.path} cannot make environments: its module venv or ensurepip is missing. Install the package ${name} (or python3-venv) and try again.`,
    );
  }
}

/** For the tests of the page. */
export async function ensureChromium(): Promise<string | null> {
  const found = findChromium();
  if (found !== null) return found;
  if (await aptInstall('chromium')) return findChromium();
  throw new Missing(
    'The tests of the page need Chromium, and none was found. Install Chromium or Chrome, or name it in STREAMLIB_CHROMIUM.',
  );
}

/**
 * For the tests of one of the two sandboxes of Linux. Returns why it is not there; null if it is. Without it everything else can be
 * tested, so it is no failure here; which tests were skipped for it is told by the run.
 */
export async function ensureBubblewrap(): Promise<string | null> {
  if (process.platform !== 'linux' || probe('bwrap', ['--version']) !== null) return null;
  try {
    if (await aptInstall('bubblewrap')) return null;
  } catch (error) {
    return `bubblewrap could not be installed: ${error instanceof Error ? error.message : String(error)}`;
  }
  return 'bubblewrap is not installed; tests of the sandbox that it makes are skipped. Install the package bubblewrap.';
}

export function findChromium(): string | null {
  const named = process.env.STREAMLIB_CHROMIUM;
  if (named) return existsSync(named) ? named : null;
  const places = [
    ...(process.env.PATH ?? '')
      .split(':')
      .flatMap((folder) =>
        ['chromium', 'chromium-browser', 'google-chrome'].map((name) => `${folder}/${name}`),
      ),
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ];
  return places.find((path) => existsSync(path)) ?? null;
}

/** Only as root on a Debian-like system: nobody is asked for a password by a build script. */
export async function aptInstall(name: string): Promise<boolean> {
  if (!isRoot || probe('apt-get', ['--version']) === null) return false;
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', name], { env });
  try {
    await install();
  } catch {
    // The package lists of a fresh machine are empty or old.
    await run('apt-get', ['update'], { env });
    await install();
  }
  return true;
}
