export { adopt, type LiveConnectionState } from './adopt.js';
export { apply, howItEnded, type Outcome } from './apply.js';
export { derivedState, stuckStage, timeoutRemainingMs, waitingOn } from './derive.js';
export type { ConnectionEvent, EventType, Refusal, RefusalCode } from './events.js';
export {
  type ClientRecord,
  type ConnectionRecord,
  clientPid,
  createRecord,
  finalSince,
  type HostRecord,
  hostPid,
  isFinal,
  type Millis,
  type NewConnection,
} from './record.js';
export {
  type ClientState,
  clientReached,
  clientStates,
  type DerivedState,
  derivedStates,
  type HostState,
  hostReached,
  hostStates,
  isClientState,
  isDerivedState,
  isHostState,
  type Side,
} from './states.js';
