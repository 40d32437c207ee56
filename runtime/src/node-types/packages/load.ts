import { pathToFileURL } from 'node:url';
import type { ProcessorDefinition } from '@streamlib/processor';
import { StreamlibError, toError } from '../../base/streamlib-error.js';
import { portsOf } from '../../graph/ports.js';
import type { NodePackage } from './package-json.js';

/** Runs a package's module and returns its definitions. Rejects with a `node_package` error that says what is wrong with it. */
export async function loadPackage({ name, version, module }: NodePackage): Promise<ProcessorDefinition[]> {
  let loaded: unknown;
  try {
    loaded = await import(pathToFileURL(module).href);
  } catch (cause) {
    throw new StreamlibError(
      'node_package',
      `the package ${name} ${version} with node types could not be loaded: ${toError(cause).message}; install it again, or tell its authors`,
      { cause },
    );
  }
  const { processors } = Object(loaded);
  if (!Array.isArray(processors)) throw wrong(name, version, 'its module exports no list "processors"');
  return processors.map((definition, index) => {
    if (isDefinition(definition)) return definition;
    throw wrong(name, version, `processors[${index}] is not what defineProcessor() returns`);
  });
}

function wrong(name: string, version: string, what: string): StreamlibError {
  return new StreamlibError(
    'node_package',
    `the package ${name} ${version} offers node types, but ${what}; tell its authors`,
  );
}

function isDefinition(value: unknown): value is ProcessorDefinition {
  if (typeof value !== 'object' || value === null) return false;
  const { type, inputs, outputs, config, create } = Object(value);
  if (typeof type !== 'string' || typeof create !== 'function') return false;
  if (typeof Object(config).safeParse !== 'function' || Object(config)._zod === undefined) return false;
  try {
    portsOf(inputs, outputs, false);
    return true;
  } catch {
    return false;
  }
}
