export { defaultMonitorIntervalMs, Monitor, type MonitorOptions, monitorOptions } from './monitor.js';
export { systemTimers, type Timers } from './timers.js';
