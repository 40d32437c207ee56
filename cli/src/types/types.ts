import { resolve } from 'node:path';
import type { ListedType } from '@streamlib/runtime';
import { EXIT, type ExitCode } from '../errors/cli-error.js';
import type { Io } from '../output/io.js';
import { printJson } from '../output/json.js';
import { indented } from '../output/printable.js';
import { table } from '../output/table.js';
import { interruptible } from '../signals.js';
import { originText } from './origin.js';

export interface TypesOptions {
  readonly from: string;
  readonly json?: boolean;
}

/** Lists what may be named. Loads only packages that do not say themselves what they have. */
export function types(io: Io, options: TypesOptions): Promise<ExitCode> {
  return interruptible(io, async (signal) => {
    const { NodeTypes } = await import('@streamlib/runtime');
    const { types: all, problems } = await new NodeTypes({ folder: resolve(options.from) }).list(
      signal,
      true,
    );
    if (options.json) printJson(io, { types: all, problems });
    else {
      const names = (ports: Readonly<Record<string, string>> | null) =>
        ports === null
          ? '?'
          : Object.entries(ports)
              .map(([name, schema]) => `${name}: ${schema}`)
              .join(', ') || '-';
      const columns = [
        { title: 'TYPE', cell: ({ type }: ListedType) => type },
        { title: 'INPUTS', cell: ({ inputs }: ListedType) => names(inputs) },
        { title: 'OUTPUTS', cell: ({ outputs }: ListedType) => names(outputs) },
        { title: 'PARAMETERS', cell: ({ parameters }: ListedType) => parameters?.join(', ') ?? '?' },
        { title: 'FROM', cell: ({ origin }: ListedType) => originText(origin) },
      ];
      for (const line of table(columns, all, io.outPalette)) io.out(line);
      for (const problem of problems) io.err(indented(problem));
      io.err('`streamlib inspect TYPE` tells more of one.');
    }
    return EXIT.ok;
  });
}
