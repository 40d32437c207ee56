export { BrokerClient } from './broker-client/broker-client.js';
export { readSetting } from './config/overrides.js';
export { ControlClient } from './control/client.js';
export { type CallOptions, Control, type ControlApi } from './control/control.js';
export { ControlError, type ControlErrorCode, toControlError } from './control/control-error.js';
export { PYTHON_EXAMPLES } from './control/examples.js';
export type { Operation, Origin } from './control/operation.js';
export { operations } from './control/operations/index.js';
export type * from './control/ports.js';
export { ControlServer, controlTokenFile } from './control/server.js';
export { openServices } from './control/services.js';
export { StreamlibError, type StreamlibErrorCode } from './errors/streamlib-error.js';
export type { GraphDifference } from './graph/diff.js';
export type { ConnectionSpec, GraphSpec, NodeSpec } from './graph/spec.js';
export type { LogFields, Logger, LogLevel } from './log/logger.js';
export { type MetricsOptions, MetricsServer, metricsFolder } from './metrics/index.js';
export type { EnvironmentManager } from './packages/manager.js';
export { COMMON_PACKAGES, openPackageManager } from './packages/open.js';
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
export type { ChangeOptions, GraphChange } from './runtime/changes.js';
export { formatIssue, ManifestError } from './runtime/manifest-error.js';
export { Runtime } from './runtime/runtime.js';
export { validateManifest } from './runtime/validate.js';
export { describeSandbox, type SandboxState } from './sandbox/describe.js';
export type { LatencySummary } from './stats/histogram.js';
export type { TraceOptions } from './tracing/settings.js';
