// The reference of the TypeScript packages: TypeDoc reads the sources, and writes Markdown for the site.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, type DeclarationReflection, type ProjectReflection } from 'typedoc';
import { mapProse } from './links.js';
import { documentedPackages } from './packages.js';
import { root } from './paths.js';
import { collectThrowing } from './throwing.js';

export interface Packages {
  readonly app: Application;
  readonly project: ProjectReflection;
  /** The functions whose own code has a `throw`. */
  readonly throwing: ReadonlySet<DeclarationReflection>;
}

/** How typedoc-plugin-markdown lays the pages out: one for each name, tables for lists of fields. */
const LAYOUT = {
  entryFileName: 'index',
  excludeScopesInPaths: true,
  hideBreadcrumbs: true,
  hidePageHeader: true,
  hideGroupHeadings: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeDeclarationFormat: 'table',
  enumMembersFormat: 'table',
  useCodeBlocks: true,
  tableColumnSettings: { hideModifiers: true },
  pageTitleTemplates: { module: '{name}', member: '{name}' },
};

/** The packages import one another by name; here, such a name means the sources, so that nothing has to be built. */
const SOURCES = Object.fromEntries(
  documentedPackages.map(({ name, folder }) => [name, [join(root, folder, 'src', 'index.ts')]]),
);

/** Reads the public names of all packages, without writing anything. */
export async function readPackages(): Promise<Packages> {
  const entryPoints = documentedPackages.map(({ folder }) => join(root, folder, 'src', 'index.ts'));
  const app = await Application.bootstrapWithPlugins({
    name: 'TypeScript',
    basePath: root,
    entryPoints,
    tsconfig: join(root, 'scripts', 'docs', 'tsconfig.json'),
    compilerOptions: { paths: SOURCES },
    skipErrorChecking: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    excludeExternals: true,
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    disableSources: true,
    validation: {
      notExported: false,
      invalidLink: true,
      invalidPath: true,
      rewrittenLink: true,
      notDocumented: false,
    },
    logLevel: 'Warn',
    ...LAYOUT,
  });
  const throwing = collectThrowing(app);
  const project = await app.convert();
  if (project === undefined) throw new Error('TypeDoc could not read the packages; its messages are above.');
  for (const { folder, name } of documentedPackages) {
    const module = project.children?.find((child) => child.name === `${folder}/src` || child.name === folder);
    if (module === undefined)
      throw new Error(
        `TypeDoc found no ${folder} among ${project.children?.map((child) => child.name).join(', ')}.`,
      );
    module.name = name;
  }
  app.validate(project);
  return { app, project, throwing };
}

/** Writes a page for each public name below `folder`. */
export async function writeTypescriptReference({ app, project }: Packages, folder: string): Promise<void> {
  app.options.setValue('outputs', [{ name: 'markdown', path: folder }]);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings())
    throw new Error('TypeDoc found mistakes in doc comments; its messages are above.');
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.md')) continue;
    const path = join(folder, name);
    // The site's Markdown knows no escaped `<`, and would show the backslash.
    writeFileSync(
      path,
      mapProse(readFileSync(path, 'utf8'), (line) => line.replaceAll('\\<', '&lt;')),
    );
  }
}
