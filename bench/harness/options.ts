import { parseArgs } from 'node:util';
import type { Pattern, Pinning } from './types.js';

export const SIZES = [1024, 65_536, 921_600, 6_220_800, 33_177_600];
export const PACED_BYTES = 6_220_800;

export const HELP = `npm run bench -- [options]

  --quick            the goal's figures only, within 50 s
  --json             one JSON line on stdout; progress goes to stderr
  --peers a,b        only these (touches, floor, product, iceoryx2, zeromq, grpc, dora)
  --sizes a,b        only these, in bytes
  --patterns a,b     one, four, paced
  --pinnings a,b     free, together, apart (of the two processes' CPUs)
  --repeats n        interleaved repeats of each cell
  --no-scenarios     leave out start-up, chains, fan-out, restart and scale
  --no-write         keep the figures and plots of earlier runs, in .streamlib/bench and docs/
  --no-setup         use what is built and installed
  --draw file        only draw the plots again, from the JSON of an earlier run
  --help
`;

export function parseOptions(argv: string[]) {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      peers: { type: 'string' },
      sizes: { type: 'string' },
      patterns: { type: 'string' },
      pinnings: { type: 'string' },
      repeats: { type: 'string' },
      'no-scenarios': { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      draw: { type: 'string' },
      'no-setup': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  return {
    quick: values.quick,
    json: values.json,
    help: values.help,
    draw: values.draw ?? null,
    write: !values['no-write'],
    setup: !values['no-setup'],
    scenarios: !values['no-scenarios'],
    peers: list(values.peers),
    sizes: list(values.sizes)?.map((text) => whole('--sizes', text)) ?? null,
    patterns: list(values.patterns)?.map((text) => oneOf('--patterns', text, PATTERNS)) ?? null,
    pinnings: list(values.pinnings)?.map((text) => oneOf('--pinnings', text, PINNINGS)) ?? null,
    repeats: values.repeats === undefined ? null : whole('--repeats', values.repeats),
  };
}

const PATTERNS: readonly Pattern[] = ['one', 'four', 'paced'];
const PINNINGS: readonly Pinning[] = ['free', 'together', 'apart'];

const list = (text: string | undefined) =>
  text === undefined ? null : text.split(',').filter((part) => part !== '');

function whole(name: string, text: string) {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError(`${name}: "${text}" is no whole number above zero`);
  return value;
}

function oneOf<T extends string>(name: string, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw new RangeError(`${name}: "${text}" is none of ${allowed.join(', ')}`);
  return found;
}
