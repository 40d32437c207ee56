// The broker is a program (bin/streamlib-broker.js); these names are for tests and for programs that embed one.
export { systemClock } from './clock/clock.js';
export { BrokerError, type BrokerErrorCode } from './errors/broker-error.js';
export { openLog } from './logs/index.js';
export { systemTimers } from './monitor/index.js';
export { Broker, type BrokerOptions } from './service/broker.js';
export { main } from './service/main.js';
