import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseDocument } from 'yaml';
import { checkout } from './harness/world.js';

// Nobody here can run these files, so what can be said about them without running is said here.

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly 'runs-on': string;
  readonly 'timeout-minutes'?: number;
  readonly container?: string;
  readonly permissions?: unknown;
  readonly needs?: string | readonly string[];
  readonly strategy?: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const folder = join(checkout, '.github', 'workflows');
const files = readdirSync(folder).sort();
const textOf = (file: string) => readFileSync(join(folder, file), 'utf8');

function load(file: string): Workflow {
  const document = parseDocument(textOf(file), { strict: true, uniqueKeys: true });
  expect([...document.errors, ...document.warnings].map(String)).toEqual([]);
  return document.toJS() as Workflow;
}

const jobsOf = (file: string) => Object.entries(load(file).jobs);
const stepsOf = (file: string) => jobsOf(file).flatMap(([, job]) => job.steps);

/** The values that a job's `runs-on` takes. */
function runners(job: Job): string[] {
  if (!job['runs-on'].includes('matrix.')) return [job['runs-on']];
  const { include, runner } = job.strategy?.matrix ?? {};
  return ((runner ?? include?.map((entry) => (entry as { runner: string }).runner)) as string[]) ?? [];
}

it('the workflows are these two', () => {
  expect(files).toEqual(['ci.yml', 'release.yml']);
});

describe.each(files)('%s', (file) => {
  it('is YAML with jobs that have steps, a machine and an end', () => {
    const { on, jobs } = load(file);
    expect(Object.keys(on).length).toBeGreaterThan(0);
    for (const [name, job] of Object.entries(jobs)) {
      expect(job.steps.length, name).toBeGreaterThan(0);
      expect(job['timeout-minutes'], name).toBeGreaterThan(0);
      for (const runner of runners(job)) expect(runner, name).toMatch(/^(ubuntu-24\.04(-arm)?|macos-15)$/);
      for (const needed of [job.needs ?? []].flat()) expect(jobs, name).toHaveProperty(needed);
      for (const step of job.steps) expect((step.uses === undefined) !== (step.run === undefined)).toBe(true);
    }
  });

  it('may only read, and nobody from outside can make it do more', () => {
    const { on, permissions, jobs } = load(file);
    expect(permissions).toEqual({ contents: 'read' });
    for (const job of Object.values(jobs)) expect(job.permissions).toBeUndefined();
    expect(on).not.toHaveProperty('pull_request_target');
    expect(textOf(file)).not.toMatch(/secrets\.|github_token/i);
    for (const step of stepsOf(file)) {
      // Text that others write, such as a branch's name, must not become part of a command.
      expect(step.run ?? '').not.toContain('${{');
      if (step.uses?.startsWith('actions/checkout')) expect(step.with?.['persist-credentials']).toBe(false);
    }
  });

  it('names actions by commit and version, the same everywhere', () => {
    const uses = textOf(file)
      .split('\n')
      .filter((line) => /\buses:/.test(line));
    expect(uses.length).toBe(stepsOf(file).filter((step) => step.uses !== undefined).length);
    for (const line of uses) expect(line).toMatch(/uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    const all = files.flatMap((name) => textOf(name).match(/actions\/.*$/gm) ?? []);
    expect(new Set(all).size).toBe(new Set(all.map((entry) => entry.split('@')[0])).size);
  });

  it('calls only what is in the checkout', () => {
    const commands = stepsOf(file).map((step) => step.run ?? '');
    const named = commands.flatMap((run) => run.match(/(?:scripts|test|\.ci)\/[\w./-]+/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    for (const path of named) expect(existsSync(join(checkout, path)), path).toBe(true);
  });

  it('says that it was never run', () => {
    expect(textOf(file)).toMatch(/^#[\s\S]*never been run[\s\S]*\nname:/);
  });
});

describe('what they cover', () => {
  it('is .ci/run on Linux x86-64 and aarch64, and on macOS arm64', () => {
    const machines = jobsOf('ci.yml')
      .filter(([, job]) => job.steps.at(-1)?.run === 'bash .ci/run')
      .flatMap(([, job]) => runners(job));
    expect(machines).toEqual(['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15']);
  });

  it('is a package for each platform, and the demo from them', () => {
    const { jobs } = load('release.yml');
    const built = jobs.native?.strategy?.matrix.include?.map(
      (entry) => (entry as { platform: string }).platform,
    );
    expect(built?.sort()).toEqual(readdirSync(join(checkout, 'host-bridge/native/npm')).sort());
    expect(jobs.install?.steps.at(-1)?.run).toContain('test/packages.spec.ts');
    expect(runners(jobs.install as Job)).toEqual(['ubuntu-24.04', 'ubuntu-24.04-arm', 'macos-15']);
  });
});
