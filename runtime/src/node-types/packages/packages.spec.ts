import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeTypes } from '../registry/registry.js';
import { findPackages } from './find.js';

let folder: string;
/** A runtime that has no package of StreamLib's own beside it. */
let alone: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'streamlib-packages-'));
  alone = pathToFileURL(join(folder, 'elsewhere', 'find.js')).href;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(path: string, content: unknown): void {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** A package whose module leaves a mark when it is run. */
function put(name: string, streamlib: unknown, module = `export const processors = []`): void {
  write(`node_modules/${name}/package.json`, { name, version: '1.2.3', type: 'module', streamlib });
  write(
    `node_modules/${name}/nodes.js`,
    `globalThis.ran = [...(globalThis.ran ?? []), ${JSON.stringify(`${folder}/${name}`)}];\n${module}`,
  );
}

const ran = () => {
  const all: unknown = Reflect.get(globalThis, 'ran');
  return Array.isArray(all) ? all.filter((name) => String(name).startsWith(folder)) : [];
};
const needs = (...names: string[]) =>
  write('package.json', { dependencies: Object.fromEntries(names.map((name) => [name, '*'])) });
const found = async (from = folder) => {
  const { packages, problems } = await findPackages(from, alone);
  return { names: packages.map(({ name }) => name), problems };
};

/** Any zod will do for a package: its definitions are looked at by what they are, not by whose class they are of. */
const ZOD = JSON.stringify(import.meta.resolve('zod'));
const TYPE = (type: string) =>
  `import { z } from ${ZOD}; export const processors = [{ type: ${JSON.stringify(type)}, inputs: {}, outputs: {}, config: z.object({}), create: () => ({}) }];`;

describe('packages of nodes', () => {
  it('are the direct dependencies of the manifest’s folder and of those above it, and run nothing', async () => {
    put('one', { nodes: './nodes.js', types: ['a'] });
    put('@some/two', { nodes: './nodes.js' });
    put('plain', undefined);
    put('stray', { nodes: './nodes.js' });
    needs('one', '@some/two', 'plain', 'missing');
    expect(await found()).toEqual({ names: ['one', '@some/two'], problems: [] });
    mkdirSync(join(folder, 'graphs', 'deep'), { recursive: true });
    expect((await found(join(folder, 'graphs', 'deep'))).names).toEqual(['one', '@some/two']);
    expect(ran()).toEqual([]);
  });

  it('of StreamLib itself are found beside the runtime', async () => {
    const { packages } = await findPackages(folder);
    expect(packages.map(({ name }) => name)).toContain('@streamlib/media');
  });

  it.each([
    ['not JSON', '{', /not valid JSON/],
    ['not an object', '[]', /not a JSON object/],
    ['a project with dependencies that are a list', '{"dependencies": ["one"]}', null],
    ['a name that leads out of node_modules', '{"dependencies": {"../../etc": "*", "a/../../b": "*"}}', null],
  ])('with a package.json of the project that is %s', async (_what, text, problem) => {
    write('package.json', text);
    const { names, problems } = await found();
    expect(names).toEqual([]);
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['a number', 5],
    ['no module', {}],
    ['a module outside of it', { nodes: '../other/nodes.js' }],
    ['a module with an absolute path', { nodes: '/etc/passwd' }],
    ['types that are no list', { nodes: './nodes.js', types: 'a' }],
    ['a type without a name', { nodes: './nodes.js', types: [{ description: 'x' }] }],
    ['a type whose name is a path', { nodes: './nodes.js', types: ['../a'] }],
  ])('that offer %s are told, and not used', async (_what, streamlib) => {
    put('one', streamlib);
    needs('one');
    const { names, problems } = await found();
    expect(names).toEqual([]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(join('one', 'package.json'));
    expect(ran()).toEqual([]);
  });

  it('run when a graph names a type of theirs, and no others', async () => {
    put('one', { nodes: './nodes.js', types: ['a'] }, TYPE('a'));
    put('two', { nodes: './nodes.js', types: ['b'] }, TYPE('b'));
    needs('one', 'two');
    const types = new NodeTypes({ folder });
    expect((await types.list()).types.map(({ type }) => type)).toEqual(expect.arrayContaining(['a', 'b']));
    expect(ran()).toEqual([]);
    expect((await types.find('b'))?.origin).toEqual({ kind: 'npm', package: 'two', version: '1.2.3' });
    expect(ran()).toEqual([join(folder, 'two')]);
  });

  it('that do not list their types are loaded for a type that no other has', async () => {
    put('one', { nodes: './nodes.js' }, TYPE('a'));
    needs('one');
    const types = new NodeTypes({ folder });
    expect((await types.list()).problems).toEqual([expect.stringContaining('does not list its node types')]);
    expect(await types.find('camera')).not.toBeNull();
    expect(ran()).toEqual([]);
    expect(await types.find('a')).not.toBeNull();
    expect((await types.list(undefined, true)).types.map(({ type }) => type)).toContain('a');
  });

  it('with the same name for a type are told apart by theirs', async () => {
    put('one', { nodes: './nodes.js', types: ['a'] }, TYPE('a'));
    put('two', { nodes: './nodes.js', types: ['a'] }, TYPE('a'));
    needs('one', 'two');
    const types = new NodeTypes({ folder });
    await expect(types.find('a')).rejects.toThrow(
      'several packages have a node type "a"; write one:a or two:a',
    );
    expect((await types.find('two:a'))?.origin).toMatchObject({ package: 'two' });
    expect((await types.list()).problems).toEqual([expect.stringContaining('write one:a or two:a')]);
  });

  it.each([
    ['throws', 'throw new Error("broken inside")', /could not be loaded: broken inside/],
    ['has no list', 'export const other = 1', /exports no list "processors"/],
    ['has something else in it', 'export const processors = [{ type: "a" }]', /processors\[0\] is not what/],
    ['has a type less than it says', 'export const processors = []', /says that it has the node type a/],
  ])('whose module %s are told with the cause', async (_what, module, message) => {
    put('one', { nodes: './nodes.js', types: ['a'] }, module);
    needs('one');
    const failing = new NodeTypes({ folder }).find('a');
    await expect(failing).rejects.toThrow(message);
    await expect(failing).rejects.toMatchObject({ code: 'node_package' });
  });
});
