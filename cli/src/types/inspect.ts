import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { DescribedType, InspectedFile } from '@streamlib/runtime';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { indented, oneLine, printable } from '../output/printable.js';
import { interruptible } from '../signals.js';
import { originText } from './origin.js';
import type { TypesOptions } from './types.js';

/** Shows one type, or what a Python file declares. Its code is loaded; nothing is started. */
export function inspect(io: Io, what: string, options: TypesOptions): Promise<ExitCode> {
  return interruptible(io, (signal) =>
    what.endsWith('.py') ? ofFile(io, what, options, signal) : ofType(io, what, options, signal),
  );
}

async function ofFile(io: Io, name: string, options: TypesOptions, signal: AbortSignal): Promise<ExitCode> {
  const file = resolve(name);
  if (!existsSync(file)) throw new CliError('usage', `there is no file ${name}`);
  const { inspectPythonFile } = await import('@streamlib/runtime');
  const onProgress = (message: string) => io.err(indented(message));
  const processors = await inspectPythonFile(file, { onProgress, signal });
  if (options.json) printJson(io, { file, processors });
  else for (const processor of processors) for (const line of fileLines(processor)) io.out(line);
  if (processors.length > 0) return EXIT.ok;
  throw new CliError(
    'invalid_graph',
    `${name} declares no processor; decorate a function or a class with @streamlib.processor(…)`,
  );
}

async function ofType(io: Io, name: string, options: TypesOptions, signal: AbortSignal): Promise<ExitCode> {
  const { describeType, NodeTypes, StreamlibError } = await import('@streamlib/runtime');
  const known = new NodeTypes({ folder: resolve(options.from) });
  try {
    const type = await known.mustFind(name, signal);
    const ports = (await type.describe?.(signal)) ?? undefined;
    const told = describeType(type, ports);
    if (options.json) printJson(io, told);
    else for (const line of typeLines(told)) io.out(line);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof StreamlibError)) throw error;
    throw new CliError(error.reason === 'unknown_type' ? 'usage' : 'failure', error.message, {
      cause: error,
    });
  }
}

function fileLines({ name, execution, ports }: InspectedFile): string[] {
  return [`${oneLine(name)} (${execution ?? 'reactive'})`, ...portLines(ports), ''];
}

function typeLines({
  name,
  description,
  origin,
  ports,
  parameters,
  agents,
  examples,
}: DescribedType): string[] {
  return [
    `${oneLine(name)}, of ${oneLine(originText(origin))}`,
    indented(description, ''),
    '',
    ...(ports === null ? ['Its ports follow from its parameters or its code.'] : portLines(ports)),
    '',
    'Parameters:',
    ...parameterLines(parameters),
    '',
    `Agents may set: ${agents === 'marked' ? 'numbers, choices, and texts as their markers say' : oneLine(agents)}`,
    ...examples.flatMap(({ title, params }) => [
      '',
      `${oneLine(title)}:`,
      printable(`  { node_type: ${name}, params: ${JSON.stringify(params)} }`),
    ]),
  ];
}

function portLines({ inputs, outputs }: NonNullable<DescribedType['ports']>): string[] {
  const line = (what: string) => (port: { name: string; schema: string }) =>
    `  ${what} ${oneLine(port.name)}: ${oneLine(port.schema)}`;
  return [...inputs.map(line('input')), ...outputs.map(line('output'))];
}

function parameterLines(schema: DescribedType['parameters']): string[] {
  const properties = schema?.properties;
  if (typeof properties !== 'object' || properties === null) return ['  any'];
  const lines = Object.entries(properties).map(
    ([name, field]) => `  ${oneLine(name)}: ${oneLine(JSON.stringify(field))}`,
  );
  return lines.length > 0 ? lines : ['  none'];
}
