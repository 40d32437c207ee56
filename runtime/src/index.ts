export type { LogFields, Logger, LogLevel } from './log/logger.js';
export { defineProcessor, filePath } from './processor/define.js';
export type {
  Delivery,
  FrameValue,
  InputHandle,
  OutputHandle,
  PortSpec,
  Processor,
  ProcessorContext,
  ProcessorDefinition,
} from './processor/types.js';
