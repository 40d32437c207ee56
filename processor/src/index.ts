export type {
  FieldType,
  PixelFormat,
  Schema,
  SchemaField,
  SharedBuffer,
  Texture,
} from '@streamlib/host-bridge';
/** The usual schemas. By a path of their own, so that a package of nodes does not load the native part. */
export { AudioFrame, BoundingBox, ObjectDetections, VideoFrame } from '@streamlib/host-bridge/schemas';
export { defineProcessor } from './define.js';
export type { LogFields, Logger, LogLevel } from './logger.js';
export {
  agentText,
  type DeviceNames,
  device,
  filePath,
  MARKER_KEY,
  type Marker,
  markerOf,
  network,
  secret,
} from './markers.js';
export type {
  Delivery,
  FrameValue,
  InputHandle,
  NodeExample,
  OutputHandle,
  PortSpec,
  PortSpecs,
  Processor,
  ProcessorContext,
  ProcessorDefinition,
  ProcessorPorts,
} from './types.js';
