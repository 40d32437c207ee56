export { atLeast, isLogLevel, type LogLevel, logLevels } from './levels.js';
export { type BrokerLog, type Logger, openLog, silentLogger } from './logger.js';
export { type LogLine, LogRing } from './ring.js';
