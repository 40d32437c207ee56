import { Texture } from '@streamlib/host-bridge';
import { z } from 'zod';
import { ageNs } from '../../flow/age.js';
import { nameOf } from '../../graph/ref.js';
import { ControlError } from '../control-error.js';
import { describeSchema } from '../describe.js';
import { mustKnow, nextFrame, outputBehind } from '../look.js';
import { operation } from '../operation.js';
import { pictureOf } from '../picture.js';
import { encodePng } from '../png.js';
import { describeFrame } from '../values.js';

const port = z
  .string()
  .describe(
    '"processor.port"; the port may be left out where there is only one. An input shows what feeds it.',
  );
const timeout = z.number().positive().max(60).default(5).describe('How many seconds to wait for a frame.');

export const snapshot = operation({
  name: 'snapshot',
  title: 'Look at a frame',
  description:
    'The next frame that passes a port, as a PNG picture. Look at it to see whether the processor does what you meant.',
  input: z.object({
    port,
    max_width: z.number().int().min(16).max(4096).default(1280).describe('A wider picture is made smaller.'),
    timeout_s: timeout,
  }),
  output: z.object({
    port: z.string(),
    png_base64: z.string(),
    width: z.number().describe('Of the PNG.'),
    height: z.number(),
    frame_width: z.number().describe('Of the frame itself.'),
    frame_height: z.number(),
    format: z.string(),
    frame_number: z.number().nullable(),
    age_ms: z.number().nullable().describe('How old the frame was when it passed.'),
  }),
  readOnly: true,
  run: async ({ runtime, signal }, { port: named, max_width, timeout_s }) => {
    const watched = outputBehind(runtime.liveGraph, named);
    const field = watched.schema.fields.find(({ type }) => type === 'Texture')?.name;
    if (field === undefined)
      throw new ControlError(
        'invalid',
        `${named} carries no picture but ${describeSchema(watched.schema)}`,
        'Look at its messages with tap.',
      );
    const { picture, frame } = await nextFrame(watched, timeout_s * 1000, signal, (value) => {
      const texture = value[field];
      if (!(texture instanceof Texture)) return null;
      const age =
        typeof value.timestamp_ns === 'bigint' ? ageNs(value.timestamp_ns, performance.now()) : null;
      return {
        picture: pictureOf(texture, max_width),
        frame: {
          frame_width: texture.width,
          frame_height: texture.height,
          format: texture.format,
          frame_number: typeof value.frame_number === 'bigint' ? Number(value.frame_number) : null,
          age_ms: age === null ? null : Math.round(Number(age) / 1e4) / 100,
        },
      };
    });
    return {
      port: nameOf(watched.ref),
      png_base64: encodePng(picture).toString('base64'),
      width: picture.width,
      height: picture.height,
      ...frame,
    };
  },
});

export const tap = operation({
  name: 'tap',
  title: 'Look at messages',
  description:
    'The next messages that pass a port, as data: detections, numbers, text. Pictures and sound are described by their size; see snapshot.',
  input: z.object({
    port,
    count: z.number().int().min(1).max(100).default(1),
    timeout_s: timeout,
  }),
  output: z.object({
    port: z.string(),
    schema: z.string(),
    messages: z.array(z.record(z.string(), z.unknown())),
    complete: z.boolean().describe('False: fewer than asked for came in time.'),
  }),
  readOnly: true,
  run: async ({ runtime, signal }, { port: named, count, timeout_s }) => {
    const watched = outputBehind(runtime.liveGraph, named);
    const messages: Record<string, unknown>[] = [];
    try {
      await nextFrame(watched, timeout_s * 1000, signal, (value) => {
        messages.push(describeFrame(value));
        return messages.length >= count ? messages : null;
      });
    } catch (error) {
      // Fewer than asked for are an answer when the time is over; whoever has called it off wants none.
      if (messages.length === 0 || signal?.aborted) throw error;
    }
    return {
      port: nameOf(watched.ref),
      schema: describeSchema(watched.schema),
      messages,
      complete: messages.length >= count,
    };
  },
});

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export const getLogs = operation({
  name: 'get_logs',
  title: 'Logs',
  description:
    'The newest lines of the log: what processors print, their exceptions with tracebacks, their restarts. Look here when a processor does not do what it should.',
  input: z.object({
    processor: z.string().optional().describe('Only of this processor.'),
    level: z.enum(LEVELS).default('info').describe('The least level.'),
    lines: z.number().int().min(1).max(500).default(50),
  }),
  output: z.object({
    lines: z.array(
      z.object({
        time: z.string(),
        level: z.string(),
        processor: z.string().nullable(),
        message: z.string(),
      }),
    ),
  }),
  readOnly: true,
  run: async ({ logs, runtime }, { processor, level, lines }) => {
    const found = logs.newest(
      lines,
      (line) =>
        (processor === undefined || line.processor === processor) &&
        LEVELS.indexOf(line.level) >= LEVELS.indexOf(level),
    );
    // One that was removed, or never came up, may still have lines; without any, its name is probably wrong.
    if (processor !== undefined && found.length === 0) mustKnow(runtime, processor);
    return { lines: found.map((line) => ({ ...line, time: new Date(line.time).toISOString() })) };
  },
});
