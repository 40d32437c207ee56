// `npm run lines`: lines of production code, by package and language, without tests and generated code. With a revision of git,
// that revision, the working tree, and the change: `npm run lines -- REVISION [--json]`.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { add, type Count, countAll, NONE, placeOf, TOOLS } from './lib/lines.js';
import { root } from './lib/paths.js';

const MEGABYTE = 1024 * 1024;

function git(args: readonly string[], input = ''): Buffer {
  const { status, stdout, stderr } = spawnSync('git', args, { cwd: root, input, maxBuffer: 1024 * MEGABYTE });
  if (status !== 0) throw new Error(`\`git ${args.join(' ')}\` failed: ${stderr.toString().trim()}`);
  return stdout;
}

const names = (output: Buffer) => output.toString().split('\0').filter(Boolean);

function* workingTree(): Generator<readonly [string, string]> {
  for (const path of names(git(['ls-files', '-z', '--cached', '--others', '--exclude-standard'])))
    if (placeOf(path) !== null && existsSync(join(root, path)))
      yield [path, readFileSync(join(root, path), 'utf8')];
}

/** All files of a revision, by one process of git: `HASH TYPE SIZE`, the content and a line feed for each. */
function* revision(name: string): Generator<readonly [string, string]> {
  const paths = names(git(['ls-tree', '-r', '-z', '--name-only', name])).filter(
    (path) => placeOf(path) !== null && !path.includes('\n'),
  );
  const output = git(['cat-file', '--batch'], paths.map((path) => `${name}:${path}\n`).join(''));
  let at = 0;
  for (const path of paths) {
    const head = output.indexOf('\n', at);
    const size = Number(output.toString('utf8', at, head).split(' ')[2]);
    yield [path, output.toString('utf8', head + 1, head + 1 + size)];
    at = head + size + 2;
  }
}

const sum = (counts: ReadonlyMap<string, Count>, wanted: (folder: string, language: string) => boolean) =>
  [...counts]
    .filter(([key]) => {
      const [folder = '', language = ''] = key.split('\t');
      return wanted(folder, language);
    })
    .reduce((total, [, count]) => add(total, count), NONE);

interface Row {
  readonly what: string;
  readonly before: Count | null;
  readonly now: Count;
}

function rows(before: ReadonlyMap<string, Count> | null, now: ReadonlyMap<string, Count>): Row[] {
  const keys = [...new Set([...now.keys(), ...(before?.keys() ?? [])])].sort();
  const row = (what: string, wanted: (folder: string, language: string) => boolean): Row => ({
    what,
    before: before === null ? null : sum(before, wanted),
    now: sum(now, wanted),
  });
  const isProduct = (folder: string) => !TOOLS.has(folder) && folder !== '(top)';
  const languages = [...new Set(keys.map((key) => key.split('\t')[1] ?? ''))].sort();
  return [
    ...keys.map((key) =>
      row(key.replace('\t', ', '), (folder, language) => `${folder}\t${language}` === key),
    ),
    ...languages.map((name) =>
      row(`production, ${name}`, (folder, language) => isProduct(folder) && language === name),
    ),
    row('production', isProduct),
    row('scripts, bench, examples', (folder) => !isProduct(folder)),
  ];
}

function print(table: readonly Row[], since: string | null): void {
  const cells = table.map(({ what, before, now }) => [
    what,
    String(now.files),
    String(now.lines),
    String(now.code),
    ...(before === null
      ? []
      : [
          String(before.lines),
          String(before.code),
          before.code === 0 ? 'new' : `${((now.code / before.code - 1) * 100).toFixed(1)} %`,
        ]),
  ]);
  const heads = [
    '',
    'files',
    'lines',
    'code',
    ...(since === null ? [] : [`lines at ${since}`, 'code', 'change']),
  ];
  const widths = heads.map((head, at) => Math.max(head.length, ...cells.map((row) => row[at]?.length ?? 0)));
  for (const row of [heads, ...cells])
    console.log(
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  ')
        .trimEnd(),
    );
}

const { values, positionals } = parseArgs({ options: { json: { type: 'boolean' } }, allowPositionals: true });
const [since = null] = positionals;
const table = rows(since === null ? null : countAll(revision(since)), countAll(workingTree()));
if (values.json) console.log(JSON.stringify({ since, rows: table }));
else print(table, since);
