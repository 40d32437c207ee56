// What the documentation says is checked against the code: links, commands, names, and blocks that are whole files.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { validateManifest } from '@streamlib/runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraConfig } from '../media/src/camera/config.js';
import { displayConfig } from '../media/src/display/config.js';
import { fileConfig } from '../media/src/file/config.js';
import { pythonParams } from '../runtime/src/python/host/params.js';
import { blocksOf, inlineCodeOf, linksOf, slugsOf } from './harness/markdown.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const state = process.env.STREAMLIB_TEST_HOME ?? join(root, '.streamlib');
const tool = (name: string) => join(process.env.STREAMLIB_TOOLS ?? join(state, 'tools'), 'bin', name);

const documents = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const blocks = documents.flatMap(({ path, text }) => blocksOf(text).map((block) => ({ ...block, path })));
const blocksIn = (...languages: string[]) => blocks.filter(({ language }) => languages.includes(language));
const at = ({ path, line }: { path: string; line: number }) => `${path}:${line}`;

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'sl-docs-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Finished {
  readonly code: number | null;
  readonly output: string;
  /** What it wrote to descriptor 3. */
  readonly report: string;
}

function run(command: string, args: readonly string[], cwd = root): Promise<Finished> {
  return new Promise((settle, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    let [output, report] = ['', ''];
    child.stdout?.on('data', (text) => {
      output += text;
    });
    child.stderr?.on('data', (text) => {
      output += text;
    });
    child.stdio[3]?.on('data', (text) => {
      report += text;
    });
    child.once('error', reject);
    child.once('close', (code) => settle({ code, output, report }));
  });
}

describe.each(documents)('$path', ({ path, text }) => {
  it('links to what exists', () => {
    const broken = linksOf(text)
      .filter(({ target }) => !/^[a-z]+:/.test(target))
      .filter(({ target }) => {
        const [file = '', anchor] = target.split('#');
        const absolute = file === '' ? join(root, path) : resolve(root, dirname(path), file);
        if (!existsSync(absolute)) return true;
        return anchor !== undefined && !slugsOf(readFileSync(absolute, 'utf8')).has(anchor);
      });
    expect(broken).toEqual([]);
  });

  it('names files and folders that exist', () => {
    const folders = readdirSync(root).filter(
      (name) => !name.startsWith('.') && statSync(join(root, name)).isDirectory(),
    );
    const missing = inlineCodeOf(text).filter(({ code }) => {
      const [first, ...rest] = code.split('/');
      if (!/^[\w./-]+$/.test(code) || rest.length === 0 || !folders.includes(first ?? '')) return false;
      return !existsSync(join(root, code));
    });
    expect(missing).toEqual([]);
  });

  it('names environment variables that the code reads', () => {
    const named = new Set(text.match(/STREAMLIB_[A-Z_]+/g));
    expect([...named].filter((name) => !variables.has(name))).toEqual([]);
  });
});

const variables = new Set(
  [
    'host-bridge/core',
    'host-bridge/src',
    'runtime/src',
    'broker/src',
    'cli/src',
    'client-runner/python',
    'scripts',
    'test',
  ].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(rs|ts|py|mjs|sh)$/.test(name) && !name.endsWith('docs.spec.ts'))
      .flatMap((name) => readFileSync(join(root, folder, name), 'utf8').match(/STREAMLIB_[A-Z_]+/g) ?? []),
  ),
);

describe('commands', () => {
  /** Lines of shell, without comments; of a shown session, what follows `$ `. */
  const lines = [
    ...blocksIn('sh').flatMap(({ code, ...where }) =>
      code.split('\n').map((line) => ({ ...where, line, at: at(where) })),
    ),
    ...blocksIn('text').flatMap(({ code, ...where }) =>
      code
        .split('\n')
        .filter((line) => line.startsWith('$ '))
        .map((line) => ({ ...where, line: line.slice(2), at: at(where) })),
    ),
    ...documents.flatMap(({ path, text }) =>
      inlineCodeOf(text).map(({ code, line }) => ({ line: code, at: `${path}:${line}` })),
    ),
  ].map(({ line, at: place }) => ({
    place,
    words: line
      .replace(/\s#.*$/, '')
      .trim()
      .split(/\s+/),
  }));

  const streamlib = lines
    .filter(({ words }) => /(^|\/)streamlib$/.test(words[0] ?? ''))
    // `streamlib broker …` speaks of all of them.
    .map(({ place, words }) => ({ place, words: words.slice(1).filter((word) => word !== '…') }))
    .filter(({ words }) => words.length > 0);

  it('of streamlib are known, with their options', async () => {
    const wanted = new Map<string, Set<string>>();
    const wrong: string[] = [];
    for (const { words, place } of streamlib) {
      const depth = words[0] === 'broker' && words[1] !== undefined && !words[1].startsWith('-') ? 2 : 1;
      const path = words.slice(0, depth);
      const options = words.slice(depth).filter((word) => /^--?[a-z]/.test(word));
      if (path[0]?.startsWith('-')) continue;
      for (const last of path.at(-1)?.split('|') ?? []) {
        const command = [...path.slice(0, -1), last].join(' ');
        const known = wanted.get(command) ?? new Set<string>();
        for (const option of options) known.add(`${option.split('=')[0]} ${place}`);
        wanted.set(command, known);
      }
    }
    for (const [command, options] of wanted) {
      const { code, output } = await run(process.execPath, [
        join(root, 'cli/bin/streamlib.js'),
        ...command.split(' '),
        '--help',
      ]);
      if (code !== 0 || !output.includes(`Usage: streamlib ${command}`)) wrong.push(`streamlib ${command}`);
      for (const option of options) {
        const [name = ''] = option.split(' ');
        if (!new RegExp(`(^|[\\s,])${name}\\b`, 'm').test(output))
          wrong.push(`streamlib ${command} ${option}`);
      }
    }
    expect(wanted.size).toBeGreaterThan(8);
    expect(wrong).toEqual([]);
  });

  it('of npm, node and bash name scripts that exist', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const wrong = lines.filter(({ words: [program, ...rest] }) => {
      const [first, second] = rest.filter((word) => !word.startsWith('-'));
      if (program === 'npm' && first === 'run') return !(second !== undefined && second in scripts);
      if (program === 'npm' && first === 'test') return !('test' in scripts);
      if (first !== undefined && (program === 'node' || program === 'bash'))
        // What a command compiles is checked by its source.
        return !existsSync(join(root, first.replace(/^\.streamlib\/programs\/(.*)\.js$/, '$1.ts')));
      return false;
    });
    expect(wrong).toEqual([]);
  });
});

describe('parameters', () => {
  const documented = (path: string, heading: string): string[] => {
    const text = readFileSync(join(root, path), 'utf8');
    const section = text.split(/^#{2,3} /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
    return [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
  };

  it.each([
    ['docs/writing-processors.md', 'The parameters of a Python node', pythonParams],
    ['docs/manifest.md', '`camera`', cameraConfig],
    ['docs/manifest.md', '`display`', displayConfig],
    ['docs/manifest.md', '`file`', fileConfig],
  ])('%s: %s lists all of them', (path, heading, schema) => {
    expect(documented(path, heading).sort()).toEqual(Object.keys(schema.shape).sort());
  });
});

describe('Python blocks', () => {
  const files = blocksIn('python').filter(
    ({ code }) => code.includes('@streamlib.processor(') && /^import /m.test(code),
  );

  it('that are whole files are there', () => expect(files.length).toBeGreaterThan(5));

  it.each(files.map((block) => ({ ...block, place: at(block) })))(
    '$place declares processors',
    async ({ code, place }) => {
      const folder = join(scratch, place.replace(/\W/g, '_'));
      mkdirSync(folder, { recursive: true });
      // Packages that only a script block asks for are installed by the runtime, not by this test.
      for (const name of ['PIL', 'cv2']) writeFileSync(join(folder, `${name}.py`), '__version__ = "0"\n');
      writeFileSync(join(folder, 'block.py'), code);
      const { report, output } = await run(tool('python'), [
        '-m',
        'streamlib._process.inspect',
        join(folder, 'block.py'),
      ]);
      const { error, processors } = JSON.parse(report || '{}') as {
        error?: { traceback: string };
        processors?: unknown[];
      };
      expect(error?.traceback ?? output).toBe('');
      expect(processors?.length).toBeGreaterThan(0);
    },
  );
});

describe('manifests', () => {
  const manifests = blocksIn('yaml').filter(({ code }) => code.includes('version: v1'));
  const readme = blocks.find(({ path, code }) => path === 'README.md' && code.includes('def invert('));
  const before = { ...process.env };

  beforeAll(() => {
    process.env.STREAMLIB_HOME = join(scratch, 'home');
    process.env.STREAMLIB_VENV = join(state, 'venv');
    // The file that the README lets its reader save; other pages go on with it.
    writeFileSync(join(scratch, 'invert.py'), readme?.code ?? '');
  });
  afterAll(() => {
    for (const name of ['STREAMLIB_HOME', 'STREAMLIB_VENV']) {
      const value = before[name];
      // Assigned, undefined would be the text "undefined".
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });

  it('are there', () => expect(manifests.length).toBeGreaterThan(1));

  it.each(manifests.map((block) => ({ ...block, place: at(block) })))(
    '$place is valid',
    async ({ code, place }) => {
      const path = join(scratch, `${place.replace(/\W/g, '_')}.yaml`);
      writeFileSync(path, code);
      const { issues } = await validateManifest(path);
      expect(issues).toEqual([]);
    },
    120_000,
  );
});

describe('other blocks', () => {
  it('of the Node program are the example', () => {
    const example = readFileSync(join(root, 'examples/node-program/my.ts'), 'utf8');
    const shown = blocksIn('ts').find(({ path }) => path === 'docs/node-programs.md')?.code ?? '-';
    expect(example.slice(example.indexOf('import'))).toBe(`${shown.trimEnd()}\n`);
  });

  it('of JSON are JSON', () => {
    for (const block of blocksIn('json')) expect(() => JSON.parse(block.code), at(block)).not.toThrow();
  });

  it('of TypeScript that are whole files have the types of the packages', async () => {
    const files = blocksIn('ts').filter(({ code }) => code.includes("from '@streamlib/"));
    expect(files.length).toBeGreaterThan(0);
    // Below the checkout, so that the packages are found as a user's program would find them.
    mkdirSync(join(root, '.streamlib'), { recursive: true });
    const folder = mkdtempSync(join(root, '.streamlib', 'docs-'));
    try {
      const names = files.map((block, index) => {
        const name = `${index}-${basename(block.path, '.md')}.ts`;
        writeFileSync(join(folder, name), block.code);
        return name;
      });
      const options = {
        composite: false,
        incremental: false,
        declaration: false,
        declarationMap: false,
        noEmit: true,
        types: ['node'],
      };
      const base = relative(folder, join(root, 'tsconfig.base.json'));
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ extends: base, compilerOptions: options, files: names }),
      );
      const { code, output } = await run(join(root, 'node_modules/.bin/tsc'), ['-p', folder]);
      expect(output).toBe('');
      expect(code).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
