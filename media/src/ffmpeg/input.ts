import { basename } from 'node:path';
import { type Codec, CodecContext, Dictionary, FormatContext, type InputFormat, type Stream } from 'node-av';
import { AV_DISPOSITION_ATTACHED_PIC, AV_NOPTS_VALUE, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import { MediaError } from '../errors/media-error.js';
import { check, errorOf, explain, forgetWords, listenToFFmpeg, wordsHeard } from './library.js';
import type { PictureWishes } from './picture-filters.js';

export interface Input {
  /** What FFmpeg opens. */
  readonly url: string;
  /** How errors call it. */
  readonly name: string;
  readonly format?: InputFormat;
  readonly options?: Readonly<Record<string, string>>;
  /** A device wants its pictures at once, a file wants all cores. */
  readonly live?: boolean;
  readonly wishes?: PictureWishes;
}

/** What belongs to one opening of an input. */
export interface Opened {
  readonly container: FormatContext;
  readonly stream: Stream;
  readonly decoder: CodecContext;
}

/** Opens an input and a decoder for the best of its video streams. */
export async function openInput(input: Input): Promise<Opened> {
  listenToFFmpeg();
  forgetWords();
  const container = new FormatContext();
  const options = input.options === undefined ? null : Dictionary.fromObject({ ...input.options });
  try {
    const opened = await container.openInput(input.url, input.format ?? null, options);
    if (opened < 0) throw await notAVideo(input, opened);
    const probed = await container.findStreamInfo();
    if (probed < 0) throw await notAVideo(input, probed);
    const { stream, codec } = pickStream(container, input);
    return { container, stream, decoder: await openDecoder(stream, codec, input) };
  } catch (error) {
    await container.closeInput();
    throw error;
  } finally {
    options?.free();
  }
}

export async function closeInput({ container, decoder }: Opened): Promise<void> {
  decoder.freeContext();
  await container.closeInput();
}

/** In ticks of the stream; null where it does not say. */
export function startOf(stream: Stream): bigint | null {
  return stream.startTime === AV_NOPTS_VALUE ? null : stream.startTime;
}

async function notAVideo(input: Input, code: number): Promise<MediaError> {
  await wordsHeard();
  const why = explain(code);
  return new MediaError(
    'unsupported',
    input.live
      ? `cannot open ${input.name}: ${why}; is another program using it?`
      : `${input.name} is not a video that FFmpeg can read: ${why}; check that ${basename(input.name)} is complete and plays elsewhere`,
    { cause: errorOf(code) },
  );
}

function pickStream(container: FormatContext, input: Input): { stream: Stream; codec: Codec } {
  const found = container.findBestStream(AVMEDIA_TYPE_VIDEO, -1, -1, true);
  const stream = container.streams.find(({ index }) => index === found.streamIndex);
  // The picture on a record's cover counts as a video stream for FFmpeg, but nobody wants to watch it.
  if (stream === undefined || (stream.disposition & AV_DISPOSITION_ATTACHED_PIC) !== 0)
    throw new MediaError('unsupported', `there is no video in ${input.name}; give a file that has one`);
  if (found.decoder === null)
    throw new MediaError(
      'unsupported',
      `FFmpeg has no decoder for the video in ${input.name}; convert it to H.264`,
    );
  return { stream, codec: found.decoder };
}

async function openDecoder(stream: Stream, codec: Codec, input: Input): Promise<CodecContext> {
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  try {
    check(decoder.parametersToContext(stream.codecpar), `read the parameters of ${input.name}`);
    decoder.pktTimebase = stream.timeBase;
    // 0: one thread per core. Threads hold back as many pictures, which a device's viewer would see as delay.
    decoder.threadCount = input.live === true ? 1 : 0;
    check(await decoder.open2(codec), `decode ${input.name}`);
    return decoder;
  } catch (error) {
    decoder.freeContext();
    throw error;
  }
}
