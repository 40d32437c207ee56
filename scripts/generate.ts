#!/usr/bin/env node
// Generates TypeScript and Python from the .proto files, and the types of the Node addon's functions from its Rust. The result is committed; `--check` fails when it is not current.
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeAddonTypes } from './lib/addon-types.js';
import { npmBin, root, tool } from './lib/paths.js';
import { run } from './lib/run.js';
import { say, tell } from './lib/steps.js';
import { setUp } from './setup.js';

const PROTO_FILE = 'streamlib/broker/v1/broker.proto';

interface Target {
  readonly name: string;
  /** Folder of the committed files. */
  readonly committed: string;
  /** The same within the temporary folder. */
  readonly made: string;
  make(out: string): Promise<unknown>;
  keep(path: string): boolean;
}

/** Each target is made in a temporary folder and compared with, or copied over, the committed one. */
const targets: readonly Target[] = [
  {
    name: 'TypeScript',
    committed: 'proto/src/generated',
    made: 'src/generated',
    // ts-proto is called from proto/buf.gen.yaml, with the settings that stand there.
    make: (out) => run(npmBin('buf'), ['generate', '--output', out], { cwd: join(root, 'proto') }),
    keep: (path) => path.endsWith('.ts'),
  },
  {
    name: 'Python',
    committed: 'client-runner/python/streamlib/broker',
    made: 'streamlib/broker',
    make: (out) =>
      run(tool('python'), [
        '-m',
        'grpc_tools.protoc',
        `--proto_path=${join(root, 'proto')}`,
        `--python_out=${out}`,
        `--pyi_out=${out}`,
        `--grpc_python_out=${out}`,
        PROTO_FILE,
      ]),
    keep: (path) => /_pb2(_grpc)?\.pyi?$/.test(path),
  },
  {
    name: "the addon's types",
    committed: 'host-bridge/src/native/generated',
    made: 'native',
    make: makeAddonTypes,
    keep: (path) => path.endsWith('.ts'),
  },
];

function read(folder: string, keep: (path: string) => boolean): Map<string, string> {
  if (!existsSync(folder)) return new Map();
  const names = readdirSync(folder, { recursive: true }).map(String).filter(keep).sort();
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

async function main(check: boolean): Promise<number> {
  await setUp({ tests: true });
  const stale: string[] = [];
  for (const { name, committed, made, make, keep } of targets) {
    const out = mkdtempSync(join(tmpdir(), 'streamlib-generate-'));
    try {
      await make(out);
      const fresh = read(join(out, made), keep);
      const old = read(join(root, committed), keep);
      if (fresh.size === 0) throw new Error(`the generator for ${name} made nothing`);
      const names = [...new Set([...fresh.keys(), ...old.keys()])];
      const different = names.filter((path) => fresh.get(path) !== old.get(path));
      if (check) {
        stale.push(...different.map((path) => join(committed, path)));
        continue;
      }
      for (const path of different) {
        const target = join(root, committed, path);
        if (!fresh.has(path)) {
          rmSync(target);
          continue;
        }
        mkdirSync(dirname(target), { recursive: true });
        cpSync(join(out, made, path), target);
      }
      say(`${name}: ${different.length === 0 ? 'was current' : `wrote ${different.length} files`}`);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }
  if (stale.length > 0) {
    say(
      `Not current:\n${stale.map((path) => `  ${path}`).join('\n')}\nRun \`npm run generate\` and commit the result.`,
    );
    return 1;
  }
  return 0;
}

try {
  process.exitCode = await main(process.argv.includes('--check'));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
