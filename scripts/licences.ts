#!/usr/bin/env node
// Lists the licences of what a user of StreamLib gets, in docs/licences.md. `--check`: the page is current and all licences are permissive.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  cargoMetadata,
  cargoPackages,
  npmPackages,
  pythonNeeds,
  pythonPackages,
} from './lib/licences/packages.js';
import { complaints, leftOver, page } from './lib/licences/report.js';
import { root, state } from './lib/paths.js';
import { say, tell } from './lib/steps.js';

const PAGE = join(root, 'docs', 'licences.md');
const CRATES = ['streamlib-bridge', 'streamlib-native', 'streamlib-client'];

async function main(check: boolean): Promise<number> {
  const read = (path: string) => readFileSync(join(root, path), 'utf8');
  const npm = npmPackages(JSON.parse(read('package-lock.json')));
  const cargo = cargoPackages(await cargoMetadata(), CRATES);
  const python = pythonNeeds(read('client-runner/pyproject.toml'));
  const installed = pythonPackages(process.env.STREAMLIB_VENV ?? join(state, 'venv'), python);
  const wrong = [
    ...complaints('npm', npm),
    ...complaints('Rust', cargo),
    ...complaints('Python', installed ?? []),
    ...leftOver(npm),
  ];
  if (installed === null)
    say('- Python: no environment is there, so the licences of what it needs were not looked at');
  const text = page({ npm, cargo, python });
  if (!check) writeFileSync(PAGE, text);
  else if (text !== readOr(PAGE))
    wrong.push('docs/licences.md is not current: run `npm run licences` and commit it');
  for (const line of wrong) say(line);
  say(`${npm.length} packages of npm, ${cargo.length} crates, ${installed?.length ?? 0} packages of Python`);
  return wrong.length === 0 ? 0 : 1;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

try {
  process.exitCode = await main(process.argv.includes('--check'));
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
