import './memory/register.js';

export {
  type CloseReason,
  Connection,
  type ControlValue,
  connectEndpoint,
  connectNamed,
  type PortDef,
} from './channel/connection.js';
export { Endpoint } from './channel/endpoint.js';
export { Listener } from './channel/listener.js';
export { decodeValue, encodeValue } from './codec.js';
export { debugCounts } from './debug.js';
export { BridgeError, type BridgeErrorCode, type BridgeErrorDetails } from './errors/bridge-error.js';
export { type Colour, colourNames } from './memory/colour.js';
export {
  bytesPerPixel,
  describePixelFormat,
  isPixelFormat,
  type PixelElement,
  type PixelFormat,
  type PixelFormatDescription,
  pixelFormats,
} from './memory/pixel-format.js';
export { planesOf, type TexturePlane } from './memory/plane.js';
export { FramePool, type FramePoolOptions } from './memory/pool.js';
export { SharedBuffer } from './memory/shared-buffer.js';
export { Texture } from './memory/texture.js';
export type { ConnectionStats, DebugCounts, PoolStats } from './native/addon.js';
export { prebuiltFolder } from './native/locate.js';
export { schemasEqual } from './schema/equal.js';
export { parseSchema } from './schema/parse.js';
export { AudioFrame, BoundingBox, ObjectDetections, VideoFrame } from './schema/shipped.js';
export {
  type FieldType,
  type PrimitiveType,
  primitiveTypes,
  type Schema,
  type SchemaField,
  schemaLimits,
} from './schema/types.js';
export {
  brokerAddress,
  isBrokerAddressGiven,
  noteBrokerAddress,
  usualBrokerAddress,
} from './service/broker-address.js';
export { brokerLockFile, brokerLockHolder } from './service/broker-lock.js';
export {
  brokerToken,
  brokerTokenFile,
  foreignListener,
  isBrokerToken,
  toldBrokerToken,
} from './service/broker-token.js';
export { InstanceLock } from './service/instance-lock.js';
export { isRunning, isSuspended, startedAt } from './service/is-running.js';
export {
  monotonicNs,
  processCpuNs,
  relayPath,
  serviceName,
  stateDir,
} from './service/names.js';
export { adoptEndpoint, isMessageListener, serviceNotify } from './service/service-manager.js';
