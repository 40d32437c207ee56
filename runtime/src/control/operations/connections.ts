import { z } from 'zod';
import { type ControlContext, operation } from '../operation.js';
import { attempt } from './attempt.js';

const end = z.string().min(1);
export const intended = z.strictObject({
  from_processor: end,
  from_port: end.optional().describe('May be left out where there is only one.'),
  to_processor: end,
  to_port: end.optional().describe('May be left out where there is only one.'),
});
/** A connection with how frames wait at its input. */
export const connection = intended.extend({
  delivery: z
    .enum(['latest', 'every_sample', 'lossless'])
    .optional()
    .describe('latest: the newest frame wins; every_sample: a queue; lossless: the sender waits.'),
  queue: z.number().int().min(1).max(1024).optional(),
});
export type Intended = z.infer<typeof intended>;

export const connectProcessors = operation({
  name: 'connect_processors',
  title: 'Connect two ports',
  description:
    'Connects an output to an input of the same schema. An output may feed any number of inputs; an input takes frames from one output.',
  input: connection,
  output: z.object({ from: z.string(), to: z.string() }),
  readOnly: false,
  run: connect,
});

export const disconnectProcessors = operation({
  name: 'disconnect_processors',
  title: 'Disconnect two ports',
  description: 'Takes a connection out; the processors stay.',
  input: intended,
  output: z.object({ from: z.string(), to: z.string() }),
  readOnly: false,
  run: async (context, link) => {
    const [from, to] = endsOf(link);
    await attempt(context, null, () => context.runtime.disconnectPorts(from, to));
    return { from, to };
  },
});

export async function connect(
  context: ControlContext,
  { delivery, queue, ...link }: z.infer<typeof connection>,
): Promise<{ from: string; to: string }> {
  const [from, to] = endsOf(link);
  await attempt(context, null, () =>
    context.runtime.connectPorts(from, to, {
      ...(delivery !== undefined && { delivery }),
      ...(queue !== undefined && { queue }),
    }),
  );
  return { from, to };
}

function endsOf(link: Intended): [from: string, to: string] {
  const end = (node: string, port: string | undefined) => (port === undefined ? node : `${node}.${port}`);
  return [end(link.from_processor, link.from_port), end(link.to_processor, link.to_port)];
}
