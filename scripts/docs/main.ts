// `npm run docs`: builds the documentation site into .streamlib/site. With `--check`, looks only for what has no doc comment.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { missingInPython } from './complete-python.js';
import { missingInTypescript } from './complete-typescript.js';
import { writeConfiguration } from './configuration.js';
import { judge, readExceptions } from './exceptions.js';
import { documentedPackages } from './packages.js';
import { configuration, environment, pages, root, site, source } from './paths.js';
import { writePythonReference } from './reference-python.js';
import { type Packages, readPackages, writeTypescriptReference } from './reference-typescript.js';
import { run } from './run.js';
import { stageGuides } from './stage.js';

/** The Python tools of the site, in an environment of their own: made once, and again when their list changes. */
async function ensureTools(): Promise<void> {
  const list = join(source, 'requirements.txt');
  const stamp = join(environment, 'requirements.txt');
  const wanted = readFileSync(list, 'utf8');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  const tools = join(root, '.streamlib', 'tools', 'bin');
  if (!existsSync(join(tools, 'uv'))) await run('npm', ['run', '--silent', 'setup']);
  console.log('… Python tools of the documentation');
  rmSync(environment, { recursive: true, force: true });
  await run(join(tools, 'uv'), ['venv', '--quiet', '--python', join(tools, 'python'), environment]);
  const python = join(environment, 'bin', 'python');
  await run(join(tools, 'uv'), ['pip', 'install', '--quiet', '--python', python, '-r', list]);
  writeFileSync(stamp, wanted);
}

async function check(packages: Packages): Promise<boolean> {
  const missing = [...missingInTypescript(packages), ...(await missingInPython())];
  const verdict = judge(missing, readExceptions());
  for (const line of verdict.failures) console.error(line);
  if (verdict.excepted > 0)
    console.log(`${verdict.excepted} public names are still without a word (scripts/docs/exceptions.txt)`);
  return verdict.failures.length === 0;
}

async function build(packages: Packages): Promise<void> {
  rmSync(pages, { recursive: true, force: true });
  mkdirSync(pages, { recursive: true });
  await stageGuides();
  const reference = join(pages, 'reference');
  await writeTypescriptReference(packages, join(reference, 'typescript'));
  writePythonReference(join(reference, 'python'));
  const list = documentedPackages.map(
    ({ name, about }) => `- [${name}](typescript/${name.replace(/^@[^/]+\//, '')}/index.md): ${about}`,
  );
  writeFileSync(
    join(reference, 'index.md'),
    ['# Reference', '', '- [Python](python/index.md): the package `streamlib`.', ...list, ''].join('\n'),
  );
  writeConfiguration();
  const mkdocs = join(environment, 'bin', 'mkdocs');
  // The theme's notice about its successor is for whoever changes requirements.txt, which says the same.
  await run(mkdocs, ['build', '--quiet', '--strict', '-f', configuration], { NO_MKDOCS_2_WARNING: '1' });
}

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.find((arg) => arg !== '--check');
  if (unknown !== undefined) {
    console.error(`usage: npm run docs -- [--check]   (not ${unknown})`);
    return 2;
  }
  await ensureTools();
  const packages = await readPackages();
  const complete = await check(packages);
  if (!args.includes('--check')) {
    await build(packages);
    console.log(`The site is in ${relative(root, site)}; open ${relative(root, join(site, 'index.html'))}`);
  }
  return complete ? 0 : 1;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  },
);
