import type { ProcessorInfo } from './records.js';

const most = 1024;

/**
 * What was last told of processors that have ended. Their connections stay visible for a while, and know neither how often the
 * processor was started again nor that it was stopped in order. The oldest make room.
 */
export class LastReports {
  private readonly reports = new Map<string, ProcessorInfo>();

  keep(runtimeId: string, processor: ProcessorInfo): void {
    this.forget(runtimeId, processor.processorId);
    this.reports.set(key(runtimeId, processor.processorId), processor);
    for (const oldest of this.reports.keys()) {
      if (this.reports.size <= most) return;
      this.reports.delete(oldest);
    }
  }

  forget(runtimeId: string, processorId: string): void {
    this.reports.delete(key(runtimeId, processorId));
  }

  get(runtimeId: string, processorId: string): ProcessorInfo | null {
    return this.reports.get(key(runtimeId, processorId)) ?? null;
  }
}

const key = (runtimeId: string, processorId: string) => `${runtimeId}\n${processorId}`;
