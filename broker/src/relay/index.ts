export type { RelayLimits } from './peers.js';
export { Relay } from './relay.js';
export { removeStrays } from './strays.js';
