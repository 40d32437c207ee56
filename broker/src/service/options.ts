import { parseArgs } from 'node:util';
import { z } from 'zod';
import { BrokerError, messageOf } from '../errors/broker-error.js';
import { type LogLevel, logLevels } from '../logs/levels.js';

export interface ProgramOptions {
  readonly readyFd: number | null;
  readonly address: string | null;
  readonly maxConnections: number;
  readonly timeoutSecs: number;
  readonly graceSecs: number;
  readonly leaseSecs: number;
  readonly monitorInterval: number;
  readonly logLevel: LogLevel;
}

export type Command = ProgramOptions | 'help' | 'version';

export const helpText = `streamlib-broker: introduces StreamLib's runtimes and their Python processes to each other

Usage: streamlib-broker [options]

  --address HOST:PORT      or unix:PATH; where gRPC listens; default: STREAMLIB_BROKER_ENDPOINT, else 127.0.0.1 and STREAMLIB_BROKER_PORT,
                           else 127.0.0.1:50051. Port 0: any that is free
  --max-connections N      at a time; default 4096
  --timeout-secs S         until a handshake fails; default 300
  --monitor-interval S     between looks for stale connections; default 30
  --grace-secs S           that a failed or closed connection stays visible; default 60
  --lease-secs S           that a runtime stays registered without a heartbeat; default 15
  --log-level LEVEL        ${logLevels.join(', ')}; default debug
  --ready-fd N             write a line of JSON to this descriptor once the broker can be used, then close it
  --version                print the version
  --help                   print this

Environment: STREAMLIB_HOME (state and log), STREAMLIB_BROKER_XPC_SERVICE (name of the relay), STREAMLIB_BROKER_ENDPOINT,
STREAMLIB_BROKER_PORT, STREAMLIB_BROKER_TOKEN (if set, calls must carry it; needed for addresses that others can reach).

Exit codes: 0 stopped by a signal, 1 failed, 2 wrong options or a wrong STREAMLIB_BROKER_TOKEN, 4 another broker serves this name.
`;

const flags = {
  'ready-fd': { type: 'string' },
  address: { type: 'string' },
  'max-connections': { type: 'string' },
  'timeout-secs': { type: 'string' },
  'grace-secs': { type: 'string' },
  'lease-secs': { type: 'string' },
  'monitor-interval': { type: 'string' },
  'log-level': { type: 'string' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

const whole = (least: number, most: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((n) => n >= least && n <= most, `must be a whole number from ${least} to ${most}`)
    .default(otherwise);
const seconds = (most: number, otherwise: number) =>
  z
    .string()
    .regex(/^\d+(\.\d+)?$/, `must be a number of seconds, at most ${most}`)
    .transform(Number)
    .refine((n) => n > 0 && n <= most, `must be a number of seconds, more than 0 and at most ${most}`)
    .default(otherwise);

const shape = z.object({
  'ready-fd': z
    .string()
    .regex(/^\d{1,4}$/, 'must be the number of an open descriptor')
    .transform(Number)
    .nullable()
    .default(null),
  address: z
    .string()
    .regex(/^(unix:\/.+|.+:\d{1,5})$/, 'must be HOST:PORT or unix:PATH')
    .nullable()
    .default(null),
  'max-connections': whole(1, 100_000, 4096),
  'timeout-secs': whole(1, 86_400, 300),
  'grace-secs': seconds(3_600, 60),
  'lease-secs': whole(1, 3_600, 15),
  'monitor-interval': seconds(3_600, 30),
  'log-level': z.enum(logLevels, { error: `must be one of ${logLevels.join(', ')}` }).default('debug'),
});

/** Throws `invalid`, naming the option. */
export function parseOptions(args: readonly string[]): Command {
  let values: Record<string, string | boolean | undefined>;
  try {
    ({ values } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: false }));
  } catch (error) {
    throw new BrokerError('invalid', `${messageOf(error)}; see --help`, { cause: error });
  }
  if (values.help) return 'help';
  if (values.version) return 'version';
  const parsed = shape.safeParse(values);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BrokerError('invalid', `--${issue?.path.join('.')} ${issue?.message}; see --help`);
  }
  const { data } = parsed;
  return {
    readyFd: data['ready-fd'],
    address: data.address,
    maxConnections: data['max-connections'],
    timeoutSecs: data['timeout-secs'],
    graceSecs: data['grace-secs'],
    leaseSecs: data['lease-secs'],
    monitorInterval: data['monitor-interval'],
    logLevel: data['log-level'],
  };
}

/** Without a token, whoever reaches the address may call: then only this machine may. */
export function checkAddress(address: string, token: string | null): void {
  if (address.startsWith('unix:')) return;
  const host = address.replace(/:\d+$/, '');
  const local =
    host === 'localhost' || host === '[::1]' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  if (local || token !== null) return;
  throw new BrokerError(
    'invalid',
    `The broker would listen at ${address}, where other machines can reach it; set STREAMLIB_BROKER_TOKEN, or use 127.0.0.1`,
  );
}
