export type {
  Delivery,
  FrameValue,
  InputHandle,
  OutputHandle,
  PortSpec,
  Processor,
  ProcessorContext,
  ProcessorDefinition,
} from '@streamlib/processor';
export { agentText, defineProcessor, device, filePath, network, secret } from '@streamlib/processor';
export type { LogFields, Logger, LogLevel, LogLine } from './base/log/logger.js';
export { StreamlibError, type StreamlibErrorCode } from './base/streamlib-error.js';
export { BrokerClient } from './broker/broker-client.js';
export { ControlClient } from './control/client.js';
export { type CallOptions, Control, type ControlApi } from './control/control.js';
export { ControlError, type ControlErrorCode, toControlError } from './control/control-error.js';
export { type InspectedFile, inspectPythonFile } from './control/describe-file.js';
export { type DescribedType, describeType } from './control/describe-type.js';
export { PYTHON_EXAMPLES } from './control/examples.js';
export type { Grants } from './control/granted.js';
export type { Operation, Origin } from './control/operation.js';
export { operations } from './control/operations/index.js';
export { ControlServer, controlTokenFile } from './control/server.js';
export { openServices, type Services } from './control/services.js';
export type {
  LocatedIssue,
  ManifestOptions,
  NodeEvent,
  RunOutcome,
  RuntimeEvents,
  RuntimeOptions,
  ValidationReport,
} from './engine/api.js';
export type { ChangeOptions, GraphChange } from './engine/changes.js';
export { Host, type HostCounts, type HostOptions } from './engine/host.js';
export { formatIssue, ManifestError } from './engine/manifest-error.js';
export type { NoOutput } from './engine/no-output.js';
export { Runtime } from './engine/runtime.js';
export { validateManifest } from './engine/validate.js';
export type { LatencySummary } from './flow/histogram.js';
export { readSetting } from './graph/config/overrides.js';
export type { GraphDifference } from './graph/diff.js';
export { type PortRef, refOf } from './graph/ref.js';
export type { ConnectionSpec, GraphSpec, NodeSpec } from './graph/spec.js';
export type { NodeState, NodeStats, PortStats, RuntimeState, RuntimeStats } from './node/state.js';
export type * from './node-types/node-type.js';
export {
  type ListedType,
  type Listing,
  NodeTypes,
  type NodeTypesOptions,
} from './node-types/registry/registry.js';
export { type MetricsOptions, MetricsServer, metricsFolder } from './observe/metrics/index.js';
export type { TraceOptions } from './observe/tracing/settings.js';
export type * from './python/check/types.js';
export type { EnvironmentInfo } from './python/environment/collect.js';
export type { EnvironmentManager } from './python/environment/manager.js';
export { COMMON_PACKAGES, openPackageManager } from './python/environment/open.js';
export type * from './python/environment/types.js';
export { describeSandbox, type SandboxState } from './python/sandbox/describe.js';
export type * from './python/sandbox/types.js';
export type { SpareCounts } from './python/spare/pool.js';
