import type { Schema } from './types.js';

/**
 * One picture. `timestamp_ns` counts on the machine's monotonic clock (`monotonicNs()`); `media_time` is the source's own time
 * in nanoseconds, null or left out where it has none.
 */
export const VideoFrame: Schema = {
  name: 'VideoFrame',
  fields: [
    { name: 'pixel_buffer', type: 'Texture' },
    { name: 'timestamp_ns', type: 'Int64' },
    { name: 'frame_number', type: 'UInt64' },
    { name: 'media_time', type: { Optional: 'Int64' } },
  ],
};

/** A block of sound: `samples` holds interleaved float32. */
export const AudioFrame: Schema = {
  name: 'AudioFrame',
  fields: [
    { name: 'samples', type: 'Buffer' },
    { name: 'channels', type: 'UInt32' },
    { name: 'sample_rate', type: 'UInt32' },
    { name: 'timestamp_ns', type: 'Int64' },
    { name: 'frame_number', type: 'UInt64' },
  ],
};

/** Where something is in a picture, in its pixels. */
export const BoundingBox: Schema = {
  name: 'BoundingBox',
  fields: [
    { name: 'x', type: 'Float32' },
    { name: 'y', type: 'Float32' },
    { name: 'width', type: 'Float32' },
    { name: 'height', type: 'Float32' },
    { name: 'label', type: 'String' },
    { name: 'confidence', type: 'Float32' },
  ],
};

/** The boxes found in one picture, with that picture's time and number. */
export const ObjectDetections: Schema = {
  name: 'ObjectDetections',
  fields: [
    { name: 'detections', type: { Array: { Struct: BoundingBox.fields } } },
    { name: 'timestamp_ns', type: 'Int64' },
    { name: 'frame_number', type: 'UInt64' },
  ],
};
