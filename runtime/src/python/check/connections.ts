import { parseSchema, type Schema, schemasEqual } from '@streamlib/host-bridge';
import { suggestion } from '../../base/nearest.js';
import { describeDifference } from '../../graph/difference.js';
import { refOf } from '../../graph/ref.js';
import type { CheckProblem, CheckRequest, IntendedConnection } from './types.js';

export interface DeclaredPorts {
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface End {
  readonly label: string;
  readonly schema: Schema;
}

const DIRECTION = { inputs: 'input', outputs: 'output' } as const;

/** Compares what the code declares with what it is to be connected to. Pure; all mistakes are told. */
export function checkConnections(ports: DeclaredPorts, request: CheckRequest): CheckProblem[] {
  return (request.connections ?? []).flatMap((link) => {
    const problems: CheckProblem[] = [];
    const from = end(link.from_processor, link.from_port, 'outputs', ports, request, problems);
    const to = end(link.to_processor, link.to_port, 'inputs', ports, request, problems);
    if (from === null || to === null || schemasEqual(from.schema, to.schema)) return problems;
    problems.push({
      kind: 'connection',
      message: `${shown(link)}: ${from.label} gives ${from.schema.name}, and ${to.label} takes ${to.schema.name}${describeDifference(from.schema, to.schema)}`,
      next: `Declare both with the same schema: ${
        link.from_processor === request.name ? to.schema.name : from.schema.name
      } in the code.`,
    });
    return problems;
  });
}

function end(
  processor: string,
  port: string,
  side: 'inputs' | 'outputs',
  ports: DeclaredPorts,
  request: CheckRequest,
  problems: CheckProblem[],
): End | null {
  const known =
    processor === request.name ? ports[side] : portsOf(processor, DIRECTION[side], request.knownPorts ?? {});
  const direction = DIRECTION[side];
  if (known === null) {
    const names = new Set(Object.keys(request.knownPorts ?? {}).map((key) => refOf(key).node));
    return wrong(
      `there is no processor "${processor}"${suggestion(processor, names)}`,
      'Name one that list_running has, or add it first.',
    );
  }
  const names = Object.keys(known);
  const [only] = names;
  const name = port === '' && names.length === 1 && only !== undefined ? only : port;
  if (name === '') {
    return wrong(
      `"${processor}" has ${names.length === 0 ? `no ${direction}` : `several ${direction}s: ${names.join(', ')}`}`,
      names.length === 0 ? `Declare one in the decorator: ${side}={…}.` : 'Name the port that is meant.',
    );
  }
  const schema = known[name];
  if (schema === undefined) {
    const where = processor === request.name ? 'the code declares' : `"${processor}" has`;
    return wrong(
      `${where} no ${direction} "${name}"${names.length === 0 ? `; it has no ${direction}s` : suggestion(name, names)}`,
      processor === request.name
        ? `Declare it in the decorator, ${side}={"${name}": …}, or connect another port.`
        : 'Connect a port that it has; get_graph tells them.',
    );
  }
  return { label: `${processor}.${name}`, schema: parseSchema(schema) };

  function wrong(message: string, next: string): null {
    problems.push({ kind: 'connection', message, next });
    return null;
  }
}

/** Null for a processor of which nothing is known. */
function portsOf(
  processor: string,
  direction: 'input' | 'output',
  known: NonNullable<CheckRequest['knownPorts']>,
): Record<string, unknown> | null {
  const mine = Object.entries(known).filter(([key]) => key.startsWith(`${processor}.`));
  if (mine.length === 0) return null;
  return Object.fromEntries(
    mine
      .filter(([, port]) => port.direction === direction)
      .map(([key, port]) => [key.slice(processor.length + 1), port.schema]),
  );
}

function shown(link: IntendedConnection): string {
  const text = (processor: string, port: string) => (port === '' ? processor : `${processor}.${port}`);
  return `${text(link.from_processor, link.from_port)} → ${text(link.to_processor, link.to_port)}`;
}
