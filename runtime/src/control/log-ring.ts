import type { LogLine } from '../base/log/logger.js';
import type { Runtime } from '../engine/runtime.js';

const KEPT = 2000;

/** The newest lines of a runtime's log, for those who ask later. */
export class LogRing {
  private lines: LogLine[] = [];
  private readonly listener = (line: LogLine) => {
    this.lines.push(line);
    if (this.lines.length > KEPT * 2) this.lines = this.lines.slice(-KEPT);
  };

  constructor(private readonly runtime: Runtime) {
    runtime.on('log', this.listener);
  }

  newest(count: number, wanted: (line: LogLine) => boolean): LogLine[] {
    return this.lines.slice(-KEPT).filter(wanted).slice(-count);
  }

  close(): void {
    this.runtime.off('log', this.listener);
  }
}
