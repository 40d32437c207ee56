import type { PythonKind } from '../../processor/kind.js';

/** What `start()` and input frames come to while the subprocess is not ready; for the log. */
export const BEFORE_READY: Readonly<Record<PythonKind, string>> = {
  /** The client's `start()` runs once and produces on its own until `stop()`. */
  manual: 'start() is remembered until the bridge is ready',
  /** Each input frame calls the client's `process()`. */
  reactive: 'input frames are dropped until the bridge is ready',
  /** The client's `process()` runs in a loop, with the newest input if there is one. */
  continuous: 'the loop yields until the bridge is ready',
};
