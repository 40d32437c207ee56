import { z } from 'zod';

/** A picture on its way to the pages. */
export interface EncodedFrame {
  /** Counts the frames that this display was given. */
  readonly sequence: number;
  readonly number: bigint;
  readonly timestamp: bigint;
  readonly width: number;
  readonly height: number;
  readonly jpeg: Buffer;
}

export const HEADER_BYTES = 40;
/** "SLJ1", as the page reads it. */
const MAGIC = 0x314a4c53;

/** What precedes the JPEG in a binary message, little endian; `media/page/wire.js` is its other end. */
export function frameHeader(frame: EncodedFrame, dropped: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(MAGIC, 0);
  header.writeUInt32LE(HEADER_BYTES, 4);
  header.writeBigUInt64LE(BigInt.asUintN(64, frame.number), 8);
  header.writeBigInt64LE(BigInt.asIntN(64, frame.timestamp), 16);
  header.writeUInt32LE(frame.width, 24);
  header.writeUInt32LE(frame.height, 28);
  header.writeUInt32LE(frame.jpeg.length, 32);
  header.writeUInt32LE(dropped >>> 0, 36);
  return header;
}

/** What a page may say. */
export const pageMessage = z.discriminatedUnion('type', [
  /** It has the frame and can take another; how old frames were when it showed them. */
  z.object({
    type: z.literal('ack'),
    latencies_ms: z.array(z.number().min(0).max(3_600_000)).max(100).default([]),
  }),
  /** It asks for our time, to set its clock by. */
  z.object({ type: z.literal('clock'), sent: z.number() }),
]);

export type PageMessage = z.infer<typeof pageMessage>;

export const MAX_MESSAGE_BYTES = 4096;

/** Null for anything that our page does not send. */
export function parsePageMessage(text: string): PageMessage | null {
  try {
    return pageMessage.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
