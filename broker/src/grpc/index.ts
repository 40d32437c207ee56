export type { Identity } from './listing-calls.js';
export { GrpcServer } from './server.js';
export type { StreamLimits } from './stream-calls.js';
