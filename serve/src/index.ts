export {
  HttpError,
  type HttpErrorCode,
  type HttpErrorOptions,
  ListenError,
  type ListenErrorCode,
} from './errors.js';
export type { Exchange, Target, Upgrade } from './exchange.js';
export { type GuardRules, type RequestFacts, refusalOf } from './guard/guard.js';
export type { HostRule } from './guard/host.js';
export type { OriginRule } from './guard/origin.js';
export { sameSecret, type TokenCarrier, type TokenRule } from './guard/token.js';
export type { ListenAt } from './listen.js';
export { type ErrorFormat, jsonErrors, type Mount, textErrors } from './mount.js';
export { WebServer, type WebServerOptions } from './server.js';
export { isServed } from './socket-file.js';
export { StaticFiles } from './static/files.js';
export { PAGE_HEADERS } from './static/headers.js';
