import {
  Codec,
  CodecContext,
  FormatContext,
  Frame,
  Packet,
  SoftwareScaleContext,
  type Stream,
} from 'node-av';
import { AV_PIX_FMT_RGB24, AVMEDIA_TYPE_VIDEO } from 'node-av/constants';
import type { Pixels } from './pictures.js';

async function openVideo(path: string): Promise<{ container: FormatContext; stream: Stream }> {
  const container = new FormatContext();
  if ((await container.openInput(`file:${path}`)) < 0) throw new Error(`cannot open ${path}`);
  await container.findStreamInfo();
  const stream = container.streams[container.findBestStream(AVMEDIA_TYPE_VIDEO)];
  if (stream === undefined) throw new Error(`no video in ${path}`);
  return { container, stream };
}

export interface Decoded extends Pixels {
  readonly seconds: number;
}

/**
 * All pictures of a file by the plain way: one thread, everything in FFmpeg's own buffers. What the camera gives is compared
 * with this.
 */
export async function decodeDirectly(path: string): Promise<Decoded[]> {
  const { container, stream } = await openVideo(path);
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  const decoder = new CodecContext();
  decoder.allocContext3(codec);
  decoder.parametersToContext(stream.codecpar);
  decoder.threadCount = 1;
  await decoder.open2(codec);
  const packet = new Packet();
  packet.alloc();
  const frame = new Frame();
  frame.alloc();
  const pictures: Decoded[] = [];
  const receive = async () => {
    while ((await decoder.receiveFrame(frame)) >= 0) {
      const seconds = Number(frame.bestEffortTimestamp) * stream.timeBase.toDouble();
      pictures.push({ ...(await toRgb(frame)), seconds });
    }
  };
  while ((await container.readFrame(packet)) >= 0) {
    if (packet.streamIndex === stream.index) {
      await decoder.sendPacket(packet);
      await receive();
    }
    packet.unref();
  }
  await decoder.sendPacket(null);
  await receive();
  frame.free();
  packet.free();
  decoder.freeContext();
  await container.closeInput();
  return pictures;
}

async function toRgb(frame: Frame): Promise<Pixels> {
  const { width, height } = frame;
  const scaler = new SoftwareScaleContext();
  scaler.allocContext();
  scaler.setOption('sws_flags', 'bicubic');
  const picture = new Frame();
  picture.alloc();
  picture.width = width;
  picture.height = height;
  picture.format = AV_PIX_FMT_RGB24;
  picture.getBuffer();
  await scaler.scaleFrame(picture, frame);
  scaler.freeContext();
  const stride = picture.linesize[0] ?? 0;
  const bytes = Uint8Array.from(picture.data?.[0] ?? []);
  picture.free();
  return { width, height, stride, bytes };
}

/** Puts the packets of a file into another container, as they are. */
export async function remux(from: string, to: string, format: string): Promise<void> {
  const { container, stream } = await openVideo(from);
  const output = new FormatContext();
  output.allocOutputContext2(null, format, `file:${to}`);
  await output.openOutput();
  const copy = output.newStream();
  stream.codecpar.copy(copy.codecpar);
  copy.codecpar.codecTag = 0;
  // AVI fills every tick of its clock with a picture, or an empty one: it must tick no faster than the frames come.
  copy.timeBase = stream.avgFrameRate.inv();
  if ((await output.writeHeader()) < 0) throw new Error(`cannot write ${to}`);
  const packet = new Packet();
  packet.alloc();
  while ((await container.readFrame(packet)) >= 0) {
    if (packet.streamIndex === stream.index) {
      packet.streamIndex = copy.index;
      packet.rescaleTs(stream.timeBase, copy.timeBase);
      await output.interleavedWriteFrame(packet);
    }
    packet.unref();
  }
  await output.writeTrailer();
  packet.free();
  await output.closeOutput();
  output.freeContext();
  await container.closeInput();
}

/** Cuts an AVI off within its picture `n`, as a copy does that was interrupted. */
export function cutAvi(bytes: Buffer, n: number): Buffer {
  const chunk = '00dc';
  let at = bytes.indexOf('movi');
  for (let i = 0; i <= n; i++) at = bytes.indexOf(chunk, at + chunk.length);
  // The chunk's name, its length, and a few bytes of the picture.
  return bytes.subarray(0, at + 8 + 10);
}
