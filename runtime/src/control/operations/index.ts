import type { Operation } from '../operation.js';
import * as connections from './connections.js';
import * as graph from './graph.js';
import * as look from './look.js';
import * as packages from './packages.js';
import * as processors from './processors.js';
import { saveGraph } from './save.js';
import * as types from './types.js';

/** Everything that can be asked of a running runtime, in the order in which an agent needs it. */
export const operations: readonly Operation[] = [
  types.listProcessors,
  types.describeNodeType,
  graph.listRunning,
  graph.getGraph,
  graph.listLanguages,
  packages.listPackages,
  packages.requestPackage,
  packages.packageStatus,
  processors.checkCodeOperation,
  processors.addProcessor,
  processors.replaceProcessor,
  processors.removeProcessor,
  connections.connectProcessors,
  connections.disconnectProcessors,
  look.snapshot,
  look.tap,
  look.getLogs,
  graph.getMetrics,
  saveGraph,
];
