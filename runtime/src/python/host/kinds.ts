import type { PythonKind } from '../../processor/kind.js';
import { PythonProcessor, type PythonProcessorOptions } from './processor.js';

/** The client's `start()` runs once and produces on its own until `stop()`. Before ready, `start()` is remembered. */
export class PythonManualProcessor extends PythonProcessor {
  protected readonly kind = 'manual';

  protected beforeReady(): string {
    return 'start() is remembered until the bridge is ready';
  }
}

/** Each input frame calls the client's `process()`. Before ready, input frames are dropped and counted. */
export class PythonReactiveProcessor extends PythonProcessor {
  protected readonly kind = 'reactive';

  protected beforeReady(): string {
    return 'input frames are dropped until the bridge is ready';
  }
}

/** The client's `process()` runs in a loop, with the newest input if there is one. Before ready, the loop yields. */
export class PythonContinuousProcessor extends PythonProcessor {
  protected readonly kind = 'continuous';

  protected beforeReady(): string {
    return 'the loop yields until the bridge is ready';
  }
}

const KINDS = {
  manual: PythonManualProcessor,
  reactive: PythonReactiveProcessor,
  continuous: PythonContinuousProcessor,
} as const;

export function makePythonProcessor(kind: PythonKind, options: PythonProcessorOptions): PythonProcessor {
  return new KINDS[kind](options);
}
