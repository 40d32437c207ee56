export { type MetricsOptions, MetricsServer, metricsFolder } from './server.js';
