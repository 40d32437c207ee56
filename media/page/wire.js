// The other end of media/src/display/wire.ts.
const MAGIC = 0x314a4c53;
const FIXED_BYTES = 40;

/** A picture out of a binary message; null if it is none. */
export function parseFrame(message) {
  if (message.byteLength < FIXED_BYTES) return null;
  const view = new DataView(message);
  const headerBytes = view.getUint32(4, true);
  const jpegBytes = view.getUint32(32, true);
  if (view.getUint32(0, true) !== MAGIC || headerBytes + jpegBytes !== message.byteLength) return null;
  return {
    number: view.getBigUint64(8, true),
    timestampNs: view.getBigInt64(16, true),
    width: view.getUint32(24, true),
    height: view.getUint32(28, true),
    dropped: view.getUint32(36, true),
    jpeg: new Uint8Array(message, headerBytes),
  };
}
