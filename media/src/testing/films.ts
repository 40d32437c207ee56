import {
  Codec,
  CodecContext,
  Dictionary,
  FilterGraph,
  FormatContext,
  Frame,
  Packet,
  Rational,
} from 'node-av';
import { AV_CODEC_FLAG_GLOBAL_HEADER, type AVCodecFlag, AVFMT_GLOBALHEADER } from 'node-av/constants';
import { listenToFFmpeg } from '../ffmpeg/library.js';

export interface Film {
  /** FFmpeg's filters that make the pictures; the last should be `format=...`. */
  readonly pictures: string;
  /** FFmpeg's name of the encoder. */
  readonly encoder: string;
  readonly fps: number;
  /** Its name of the container; by the name of the file when left out. */
  readonly container?: string;
  readonly options?: Readonly<Record<string, string>>;
  readonly flags?: readonly AVCodecFlag[];
}

/** Writes a film as other programs write theirs: any codec, any colours, with fields. The pictures' own tags go into the film. */
export async function makeFilm(path: string, film: Film): Promise<void> {
  listenToFFmpeg();
  const graph = new FilterGraph();
  graph.alloc();
  must(graph.parsePtr(`${film.pictures},buffersink@out`), 'parse the filters');
  must(await graph.config(), 'configure the filters');
  const sink = graph.filters?.find(({ name }) => name?.includes('@out'));
  const codec = Codec.findEncoderByName(film.encoder as never);
  if (sink === undefined || codec === null) throw new Error(`no ${film.encoder}`);
  const container = new FormatContext();
  must(container.allocOutputContext2(null, film.container ?? null, `file:${path}`), 'choose a container');
  must(await container.openOutput(), 'open the file');
  const [frame, packet] = [new Frame(), new Packet()];
  frame.alloc();
  packet.alloc();
  const encoder = new CodecContext();
  encoder.allocContext3(codec);
  const timeBase = new Rational(1, film.fps);
  const stream = container.newStream();
  const drain = async () => {
    while ((await encoder.receivePacket(packet)) >= 0) {
      packet.streamIndex = stream.index;
      packet.rescaleTs(timeBase, stream.timeBase);
      must(await container.interleavedWriteFrame(packet), 'write');
    }
  };
  for (let n = 0n; (await sink.buffersinkGetFrame(frame)) >= 0; n++) {
    if (n === 0n) {
      encoder.width = frame.width;
      encoder.height = frame.height;
      encoder.pixelFormat = sink.buffersinkGetFormat() as never;
      encoder.timeBase = timeBase;
      encoder.framerate = new Rational(film.fps, 1);
      encoder.colorSpace = frame.colorSpace;
      encoder.colorRange = frame.colorRange;
      encoder.colorPrimaries = frame.colorPrimaries;
      encoder.colorTrc = frame.colorTrc;
      for (const flag of film.flags ?? []) encoder.setFlags(flag);
      if (container.oformat?.hasFlags(AVFMT_GLOBALHEADER)) encoder.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
      must(await encoder.open2(codec, Dictionary.fromObject({ ...film.options })), 'open the encoder');
      must(encoder.parametersFromContext(stream.codecpar), 'describe the film');
      stream.timeBase = timeBase;
      stream.avgFrameRate = new Rational(film.fps, 1);
      must(await container.writeHeader(), 'write the header');
    }
    frame.pts = n;
    must(await encoder.sendFrame(frame), 'encode');
    frame.unref();
    await drain();
  }
  await encoder.sendFrame(null);
  await drain();
  must(await container.writeTrailer(), 'write the end');
  frame.free();
  packet.free();
  encoder.freeContext();
  graph.free();
  await container.closeOutput();
  container.freeContext();
}

function must(result: number, what: string): void {
  if (result < 0) throw new Error(`cannot ${what}: ${result}`);
}
