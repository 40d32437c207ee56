/** A package of TypeScript whose public names are documented. */
export interface DocumentedPackage {
  /** Its folder, from the root of the checkout; `src/index.ts` in it is the entry point. */
  readonly folder: string;
  /** Its name in `package.json`. */
  readonly name: string;
  /** What a reader finds there, in one sentence. */
  readonly about: string;
}

/** The packages of the reference, lowest first: a name that two packages export belongs to the lower. */
export const documentedPackages: readonly DocumentedPackage[] = [
  {
    folder: 'host-bridge',
    name: '@streamlib/host-bridge',
    about: 'Schemas, textures and the channel between processes.',
  },
  {
    folder: 'processor',
    name: '@streamlib/processor',
    about: 'Write processors and node types in TypeScript.',
  },
  {
    folder: 'runtime',
    name: '@streamlib/runtime',
    about: 'Run graphs in your own program, and change them while they run.',
  },
  { folder: 'mcp', name: '@streamlib/mcp', about: 'A running graph as tools for agents.' },
];
