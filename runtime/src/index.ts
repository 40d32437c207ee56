export { BrokerClient } from './broker-client/broker-client.js';
export { StreamlibError, type StreamlibErrorCode } from './errors/streamlib-error.js';
export type { LogFields, Logger, LogLevel } from './log/logger.js';
export { defineProcessor, filePath } from './processor/define.js';
export { ProcessorRegistry } from './processor/registry.js';
export type {
  Delivery,
  FrameValue,
  InputHandle,
  OutputHandle,
  PortSpec,
  Processor,
  ProcessorContext,
  ProcessorDefinition,
} from './processor/types.js';
export type {
  LocatedIssue,
  LogLine,
  ManifestOptions,
  NodeEvent,
  NodeState,
  NodeStats,
  PortStats,
  RunOutcome,
  RuntimeEvents,
  RuntimeOptions,
  RuntimeState,
  RuntimeStats,
  ValidationReport,
} from './runtime/api.js';
export { formatIssue, ManifestError } from './runtime/manifest-error.js';
export { Runtime } from './runtime/runtime.js';
export { validateManifest } from './runtime/validate.js';
export type { LatencySummary } from './stats/histogram.js';
