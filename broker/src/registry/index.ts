export type { ChangeListener, ConnectionChange } from './changes.js';
export {
  type ConnectionCounts,
  type ConnectionLimits,
  type Connections,
  connectionNotFound,
} from './connections.js';
export { mintId } from './ids.js';
export { type ProcessIdentity, type ProcessTable, systemProcesses } from './process-identity.js';
export type { ProcessorInfo, RuntimeInfo, RuntimeRecord } from './records.js';
export { type Registration, Registry, type RegistryOptions } from './registry.js';
export type { GoneRuntime, RuntimeLimits } from './runtimes.js';
