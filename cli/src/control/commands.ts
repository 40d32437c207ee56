import { writeFileSync } from 'node:fs';
import { CliError, EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { type Palette, paintState } from '../output/palette.js';
import { oneLine, printableJson } from '../output/printable.js';
import { type Column, table } from '../output/table.js';
import { findRuntime } from './find.js';
import { linkOf, paramsFrom, whatToAdd } from './params.js';

export interface ControlOptions {
  readonly runtime?: string;
  readonly json?: boolean;
}

interface SetOptions extends ControlOptions {
  readonly set?: readonly string[];
}

type Result = Record<string, unknown>;

/** Asks a runtime as its user, and prints the answer: whole as JSON, or in words. */
async function ask(
  io: Io,
  options: ControlOptions,
  name: string,
  input: object,
  inWords: (result: Result) => readonly string[],
): Promise<ExitCode> {
  const runtime = await findRuntime(options.runtime);
  const result = await runtime.call(name, input, { origin: 'user' });
  if (options.json) printJson(io, result);
  else for (const line of inWords(result)) io.out(line);
  return EXIT.ok;
}

interface GraphResult {
  readonly name: string;
  readonly processors: readonly {
    name: string;
    type: string;
    state: string;
    failure: string | null;
    ports: { inputs: readonly { name: string }[]; outputs: readonly { name: string }[] };
  }[];
  readonly connections: readonly {
    from_processor: string;
    from_port: string;
    to_processor: string;
    to_port: string;
    delivery: string;
  }[];
}

function graphColumns(palette: Palette): Column<GraphResult['processors'][number]>[] {
  const names = (ports: readonly { name: string }[]) => ports.map(({ name }) => name).join(', ') || '-';
  return [
    { title: 'PROCESSOR', cell: (row) => row.name },
    { title: 'TYPE', cell: (row) => row.type },
    { title: 'STATE', cell: (row) => row.state, paint: (text) => paintState(text, palette) },
    { title: 'INPUTS', cell: (row) => names(row.ports.inputs) },
    { title: 'OUTPUTS', cell: (row) => names(row.ports.outputs) },
    { title: 'FAILURE', cell: (row) => row.failure?.split('\n')[0] ?? '' },
  ];
}

export function graph(io: Io, options: ControlOptions & { readonly code?: boolean }): Promise<ExitCode> {
  return ask(io, options, 'get_graph', { code: options.code === true }, (result) => {
    const { processors, connections } = result as unknown as GraphResult;
    if (processors.length === 0) return ['The graph is empty.'];
    return [
      ...table(graphColumns(io.outPalette), processors, io.outPalette),
      ...(connections.length > 0 ? [''] : []),
      ...connections.map(
        (link) =>
          `${oneLine(`${link.from_processor}.${link.from_port} → ${link.to_processor}.${link.to_port}`)}  ${io.outPalette.dim(oneLine(link.delivery))}`,
      ),
    ];
  });
}

export function add(
  io: Io,
  name: string,
  what: string,
  options: SetOptions & { readonly from?: string; readonly to?: readonly string[] },
): Promise<ExitCode> {
  const { type, params } = whatToAdd(what);
  const connections = [
    ...(options.from === undefined ? [] : [linkOf(options.from, name)]),
    ...(options.to ?? []).map((to) => linkOf(name, to)),
  ];
  const input = { name, type, params: { ...paramsFrom(options.set ?? []), ...params }, connections };
  return ask(io, options, 'add_processor', input, (result) => [
    `${name} is ${result.state} (${result.ready_ms} ms)`,
  ]);
}

export function replace(
  io: Io,
  name: string,
  what: string | undefined,
  options: SetOptions,
): Promise<ExitCode> {
  const settings = paramsFrom(options.set ?? []);
  if (what === undefined && Object.keys(settings).length === 0)
    throw new CliError('usage', 'name a file or a type, or parameters with --set');
  const by = what === undefined ? null : whatToAdd(what);
  const input =
    by === null ? { name, params: settings } : { name, type: by.type, params: { ...settings, ...by.params } };
  return ask(io, options, 'replace_processor', input, (result) => [
    `${name} was replaced and is ${result.state} (${result.ready_ms} ms)`,
  ]);
}

export function remove(io: Io, name: string, options: ControlOptions): Promise<ExitCode> {
  return ask(io, options, 'remove_processor', { name }, () => [`${name} was removed`]);
}

export function connect(
  io: Io,
  from: string,
  to: string,
  options: ControlOptions & { readonly delivery?: string; readonly queue?: string },
): Promise<ExitCode> {
  const input = {
    ...linkOf(from, to),
    ...(options.delivery !== undefined && { delivery: options.delivery }),
    ...(options.queue !== undefined && { queue: Number(options.queue) }),
  };
  return ask(io, options, 'connect_processors', input, () => [`${from} → ${to}`]);
}

export function disconnect(io: Io, from: string, to: string, options: ControlOptions): Promise<ExitCode> {
  return ask(io, options, 'disconnect_processors', linkOf(from, to), () => [`${from} ↛ ${to}`]);
}

export function tap(
  io: Io,
  port: string,
  options: ControlOptions & { readonly lines?: string; readonly timeout?: string },
): Promise<ExitCode> {
  const input = { port, count: Number(options.lines ?? 1), timeout_s: Number(options.timeout ?? 5) };
  return ask(io, options, 'tap', input, (result) =>
    (result.messages as object[]).map((message) => printableJson(message)),
  );
}

export async function snapshot(
  io: Io,
  port: string,
  options: ControlOptions & {
    readonly output?: string;
    readonly maxWidth?: string;
    readonly timeout?: string;
  },
): Promise<ExitCode> {
  const file = options.output ?? `${port}.png`;
  const runtime = await findRuntime(options.runtime);
  const input = {
    port,
    timeout_s: Number(options.timeout ?? 5),
    max_width: Number(options.maxWidth ?? 4096),
  };
  const { png_base64, ...rest } = await runtime.call('snapshot', input, { origin: 'user' });
  writeFileSync(file, Buffer.from(String(png_base64), 'base64'));
  if (options.json) printJson(io, { ...rest, file });
  else io.out(`${file}: ${rest.width}×${rest.height}, frame ${rest.frame_number ?? '?'}`);
  return EXIT.ok;
}
