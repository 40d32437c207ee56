import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PackageSettings } from '../../base/settings/schema.js';
import { StreamlibError } from '../../base/streamlib-error.js';
import { classify, type InstallFailure } from './failure.js';
import { type LockedPackage, lockedPackages } from './lock-file.js';
import { runTool } from './run.js';

/** What the installer would not do, told so that it can be acted on. */
export class InstallError extends StreamlibError {
  constructor(readonly failure: InstallFailure) {
    super('packages', failure.detail);
  }
}

export interface Plan {
  /** A lock file in the standard form, `pylock.toml`. */
  readonly lock: string;
  readonly packages: readonly LockedPackage[];
}

/** Runs uv: looks up what fits together, and builds environments from a lock. */
export class Installer {
  constructor(
    private readonly uv: string,
    private readonly settings: PackageSettings,
    /** For files of its own; also where it is started, so that no project's settings reach it. */
    private readonly folder: string,
  ) {}

  /** What has to be installed for all requirements at once, near to what is installed now. `name`: on whose account it is asked. */
  async plan(
    python: string,
    requirements: readonly string[],
    installed: readonly { readonly name: string; readonly version: string }[],
    name: string,
    signal?: AbortSignal,
  ): Promise<Plan> {
    const work = join(this.folder, `plan-${process.pid}-${++plans}`);
    mkdirSync(work, { recursive: true, mode: 0o700 });
    try {
      const input = join(work, 'requirements.in');
      const output = join(work, 'pylock.toml');
      writeFileSync(input, `${requirements.join('\n')}\n`);
      // uv keeps to the versions of a lock that is there, as far as it can.
      if (installed.length > 0) writeFileSync(output, preferences(installed));
      await this.run(
        [
          'pip',
          'compile',
          input,
          '--python',
          python,
          '--format',
          'pylock.toml',
          '--output-file',
          output,
          '--no-header',
          ...this.sources(),
        ],
        name,
        signal,
      );
      const lock = readFileSync(output, 'utf8');
      return { lock, packages: lockedPackages(lock) };
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }

  /** Makes a new environment that has what the lock says, and nothing else. */
  async build(
    environment: string,
    python: string,
    lock: string,
    name: string,
    signal?: AbortSignal,
  ): Promise<void> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await this.run(['venv', '--python', python, environment], name, signal);
    const path = join(environment, 'pylock.toml');
    writeFileSync(path, lock);
    await this.run(
      [
        'pip',
        'sync',
        path,
        '--python',
        join(environment, 'bin', 'python'),
        // Confined code cannot keep what it compiles.
        '--compile-bytecode',
        '--preview',
        ...this.sources(),
      ],
      name,
      signal,
    );
  }

  private sources(): string[] {
    const { builds, offline, find_links, index } = this.settings;
    return [
      ...(builds ? [] : ['--only-binary', ':all:']),
      ...(offline ? ['--offline'] : []),
      ...(index ? [] : ['--no-index']),
      ...find_links.flatMap((folder) => ['--find-links', folder]),
    ];
  }

  private async run(args: readonly string[], name: string, signal?: AbortSignal): Promise<void> {
    const { exit, output } = await runTool(this.uv, [...args, '--quiet', '--color', 'never'], {
      cwd: this.folder,
      signal,
    });
    if (exit.code === 0) return;
    if (signal?.aborted) throw new StreamlibError('stopped', 'stopped while packages were being installed');
    throw new InstallError(classify(exit.spawnError === null ? output : [exit.spawnError.message], name));
  }
}

let plans = 0;

function preferences(installed: readonly { readonly name: string; readonly version: string }[]): string {
  const packages = installed.map(
    ({ name, version }) =>
      `\n[[packages]]\nname = ${JSON.stringify(name)}\nversion = ${JSON.stringify(version)}\n`,
  );
  return `lock-version = "1.0"\ncreated-by = "streamlib"\n${packages.join('')}`;
}
