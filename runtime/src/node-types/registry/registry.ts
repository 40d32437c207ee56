import type { ProcessorDefinition } from '@streamlib/processor';
import { suggestion } from '../../base/nearest.js';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { shapeOf } from '../../graph/config/zod-shape.js';
import { installedProcessors } from '../../python/environment/installed.js';
import { defaultPorts } from '../default-ports.js';
import { localType } from '../local.js';
import type { NodeType, TypeOrigin } from '../node-type.js';
import { type FoundPackages, findPackages } from '../packages/find.js';
import { loadPackage } from '../packages/load.js';
import type { DescribedType, NodePackage } from '../packages/package-json.js';
import { PythonKind } from '../python/kind.js';
import { InstalledType, PythonFileType } from '../python/types.js';

/** A type that may be named, as far as it is known without running anything. */
export interface ListedType {
  /** What a graph writes as `node_type`. */
  readonly type: string;
  /** Where it comes from. */
  readonly origin: TypeOrigin;
  /** What its nodes do; empty where its package does not say. */
  readonly description: string;
  /** Inputs with the names of their schemas; null where only its code tells. */
  readonly inputs: Readonly<Record<string, string>> | null;
  /** Outputs in the same form. */
  readonly outputs: Readonly<Record<string, string>> | null;
  /** The names of its parameters; null where only its code tells. */
  readonly parameters: readonly string[] | null;
}

/** The types that may be named, and what keeps others from it. */
export interface Listing {
  /** The types: those that were registered first, then those of packages. */
  readonly types: readonly ListedType[];
  /** What offers types and cannot be used, and names that are offered twice. */
  readonly problems: readonly string[];
}

/** Where node types are looked for, and how Python nodes run. */
export interface NodeTypesOptions {
  /** Packages are looked for from here on upwards; the working directory by default. */
  readonly folder?: string;
  /** How Python nodes are prepared and made; a `PythonKind` of its own by default. */
  readonly python?: PythonKind;
}

/** `PACKAGE:TYPE`, for a name that several packages offer. */
const QUALIFIED = /^(.+):([^:]+)$/;

/**
 * The node types that a graph may use. Found in this order: types that the program registered, `python`, packages of npm,
 * processors of installed Python distributions. Code of a package runs only when a graph names a type of its.
 */
export class NodeTypes {
  /** How Python nodes are prepared and made. */
  readonly python: PythonKind;
  private readonly known = new Map<string, NodeType>();
  private readonly folder: string;
  private found: Promise<FoundPackages> | null = null;
  private readonly loaded = new Map<string, Promise<readonly NodeType[]>>();

  /**
   * @param options - Where packages are looked for, and how Python nodes run. Nothing is looked for yet.
   */
  constructor(options: NodeTypesOptions = {}) {
    this.folder = options.folder ?? process.cwd();
    this.python = options.python ?? new PythonKind();
    this.add(new PythonFileType(this.python));
  }

  /**
   * Makes a definition of the program's known by its name. It takes the place of one of that name.
   *
   * @param definition - What `defineProcessor()` returned.
   */
  register(definition: ProcessorDefinition): void {
    this.add(localType(definition, { kind: 'program' }));
  }

  /**
   * The same for a type of any kind.
   *
   * @param type - The type; its `type` is the name.
   */
  add(type: NodeType): void {
    this.known.set(type.type, type);
  }

  /**
   * A type that was registered; packages are not looked at.
   *
   * @param name - What a graph writes as `node_type`.
   * @returns The type; undefined where none of that name was registered.
   */
  registered(name: string): NodeType | undefined {
    return this.known.get(name);
  }

  /**
   * Finds the type that a name means, and loads its package.
   *
   * @param name - What a graph writes as `node_type`: `TYPE`, or `PACKAGE:TYPE` where several packages offer it.
   * @param signal - Gives up when it aborts.
   * @returns The type; null where there is none of that name.
   * @throws {@link StreamlibError} `node_package` for one that cannot be loaded, `graph` for one that several packages offer.
   */
  async find(name: string, signal?: AbortSignal): Promise<NodeType | null> {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const [, wanted, short] = QUALIFIED.exec(name) ?? [];
    const type = short ?? name;
    const { packages } = await this.packages();
    const from = packages.filter((item) => wanted === undefined || item.name === wanted);
    const told = from.filter(({ types }) => types?.some((item) => item.type === type) === true);
    // What does not say what it has is only asked when no other has it.
    const offers = told.length > 0 ? told : await this.whereLoaded(from, type);
    mustBeOne(name, type, offers);
    const [offer] = offers;
    if (offer !== undefined) {
      const found = (await this.load(offer)).find((item) => item.type === type);
      if (found !== undefined) return found;
      throw new StreamlibError(
        'node_package',
        `the package ${offer.name} ${offer.version} says that it has the node type ${type}, but has not; tell its authors`,
      );
    }
    return this.findInstalled(name, type, wanted, signal);
  }

  /**
   * As `find`, but rejects where there is no type of that name, with the name that comes nearest.
   *
   * @param name - What a graph writes as `node_type`.
   * @param signal - Gives up when it aborts.
   * @throws {@link StreamlibError} As `find`; `graph`, with the reason `unknown_type`, where there is none of that name.
   */
  async mustFind(name: string, signal?: AbortSignal): Promise<NodeType> {
    const found = await this.find(name, signal);
    if (found !== null) return found;
    const { types } = await this.list(signal);
    const { packages } = await this.packages();
    const hasOwn = packages.some((item) => item.name.startsWith('@streamlib/'));
    const hint = hasOwn ? '' : '; camera, display and file need the package @streamlib/media';
    throw new StreamlibError(
      'graph',
      `unknown node type "${name}"${suggestion(name, new Set(types.map(({ type }) => type)))}${hint}`,
      { reason: 'unknown_type' },
    );
  }

  /**
   * Every type that may be named. A package that cannot be used is named among the problems.
   *
   * @param signal - Gives up when it aborts.
   * @param load - True: runs the code of packages that do not say what they have. False, the default: runs no code of packages.
   */
  async list(signal?: AbortSignal, load = false): Promise<Listing> {
    const types: ListedType[] = [...this.known.values()].map(listed);
    const { packages, problems } = await this.packages();
    const wrong = [...problems];
    for (const item of packages) {
      const origin = originOf(item);
      try {
        if (item.types === null && !load) {
          wrong.push(
            `the package ${item.name} ${item.version} does not list its node types ("streamlib.types" in its package.json); it is loaded when a graph names one`,
          );
          continue;
        }
        const own = item.types?.map((type) => described(type, origin)) ?? (await this.load(item)).map(listed);
        types.push(...own.filter(({ type }) => !this.known.has(type)));
      } catch (error) {
        wrong.push(toError(error).message);
      }
    }
    const installed = await installedProcessors(signal);
    types.push(...installed.processors.map((processor) => listed(new InstalledType(processor, this.python))));
    return { types, problems: [...wrong, ...installed.problems, ...clashes(types)] };
  }

  /** Looks for packages again. */
  refresh(): void {
    this.found = null;
  }

  private packages(): Promise<FoundPackages> {
    this.found ??= findPackages(this.folder);
    return this.found;
  }

  private load(item: NodePackage): Promise<readonly NodeType[]> {
    const before = this.loaded.get(item.module);
    if (before !== undefined) return before;
    const now = loadPackage(item).then((all) => all.map((one) => localType(one, originOf(item))));
    this.loaded.set(item.module, now);
    return now;
  }

  private async whereLoaded(packages: readonly NodePackage[], type: string): Promise<NodePackage[]> {
    const found: NodePackage[] = [];
    for (const item of packages) {
      if (item.types !== null) continue;
      if ((await this.load(item)).some((one) => one.type === type)) found.push(item);
    }
    return found;
  }

  private async findInstalled(
    name: string,
    type: string,
    wanted: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<NodeType | null> {
    const { processors } = await installedProcessors(signal);
    const offers = processors.filter(
      (item) => item.name === type && (wanted === undefined || item.distribution === wanted),
    );
    mustBeOne(
      name,
      type,
      offers.map(({ distribution }) => ({ name: distribution })),
    );
    const [offer] = offers;
    return offer === undefined ? null : new InstalledType(offer, this.python);
  }
}

function mustBeOne(name: string, type: string, offers: readonly { readonly name: string }[]): void {
  if (offers.length <= 1) return;
  const names = offers.map((offer) => `${offer.name}:${type}`).join(' or ');
  throw new StreamlibError('graph', `several packages have a node type "${name}"; write ${names}`);
}

function clashes(types: readonly ListedType[]): string[] {
  const by = new Map<string, ListedType[]>();
  for (const type of types) by.set(type.type, [...(by.get(type.type) ?? []), type]);
  return [...by].flatMap(([name, all]) => {
    const packages = all.flatMap(({ origin }) => ('package' in origin ? [`${origin.package}:${name}`] : []));
    return packages.length > 1
      ? [`several packages have a node type "${name}"; write ${packages.join(' or ')}`]
      : [];
  });
}

function originOf({ name, version }: NodePackage): TypeOrigin {
  return { kind: 'npm', package: name, version };
}

function described(
  { type, description, inputs, outputs, parameters }: DescribedType,
  origin: TypeOrigin,
): ListedType {
  return {
    type,
    origin,
    description,
    inputs: inputs ?? null,
    outputs: outputs ?? null,
    parameters: parameters ?? null,
  };
}

/** What is known of a type whose code is loaded. */
function listed(type: NodeType): ListedType {
  const ports = defaultPorts(type);
  const named = (all: ReadonlyMap<string, { readonly name: string; schema: { readonly name: string } }>) =>
    Object.fromEntries([...all].map(([name, { schema }]) => [name, schema.name]));
  return {
    type: type.type,
    origin: type.origin,
    description: type.description,
    inputs: ports && named(ports.inputs),
    outputs: ports && named(ports.outputs),
    parameters: Object.keys(shapeOf(type.config) ?? {}),
  };
}
