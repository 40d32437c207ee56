/** Allows so much a second, and a burst. Time is told to it. */
export class Allowance {
  private left: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    private since: number,
  ) {
    this.left = burst;
  }

  /** False: that was too much. */
  take(amount: number, now: number): boolean {
    this.left = Math.min(this.burst, this.left + ((now - this.since) / 1000) * this.perSecond);
    this.since = now;
    this.left -= amount;
    // Who asks on regardless is not to be shut out for longer than one who stops.
    if (this.left >= 0) return true;
    this.left = 0;
    return false;
  }

  isFull(now: number): boolean {
    return this.left + ((now - this.since) / 1000) * this.perSecond >= this.burst;
  }
}

/** What one process may do, over all its connections. */
export interface ProcessLimits {
  readonly connections: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  /** Endpoints, in and out. */
  readonly handlesPerSecond: number;
}

/** A runtime of a hundred Python nodes starts them at once; a client polls ten times a second. Both are far below. */
export const defaultProcessLimits: ProcessLimits = {
  connections: 128,
  messagesPerSecond: 500,
  bytesPerSecond: 256 * 1024,
  handlesPerSecond: 250,
};

const burstSeconds = 2;

/** One process at the other end of the relay. */
export class ProcessQuota {
  connections = 0;
  private readonly messages: Allowance;
  private readonly bytes: Allowance;
  private readonly handles: Allowance;

  constructor(
    private readonly limits: ProcessLimits,
    now: number,
  ) {
    const allowance = (perSecond: number) => new Allowance(perSecond, burstSeconds * perSecond, now);
    this.messages = allowance(limits.messagesPerSecond);
    this.bytes = allowance(limits.bytesPerSecond);
    this.handles = allowance(limits.handlesPerSecond);
  }

  /** A sentence, if that was one connection too many. */
  connect(now: number): string | null {
    this.connections++;
    if (this.connections > this.limits.connections)
      return `its process has more than ${this.limits.connections} connections`;
    // To connect costs as much as to say something, or a dropped peer would just come again.
    return this.countMessage(0, now);
  }

  countMessage(bytes: number, now: number): string | null {
    if (!this.messages.take(1, now))
      return `its process sent more than ${this.limits.messagesPerSecond} messages a second`;
    if (!this.bytes.take(bytes, now))
      return `its process sent more than ${this.limits.bytesPerSecond} bytes a second`;
    return null;
  }

  countHandle(now: number): string | null {
    if (this.handles.take(1, now)) return null;
    return `its process moved more than ${this.limits.handlesPerSecond} endpoints a second`;
  }

  /** Nothing would be lost by forgetting it. */
  isIdle(now: number): boolean {
    return (
      this.connections === 0 &&
      this.messages.isFull(now) &&
      this.bytes.isFull(now) &&
      this.handles.isFull(now)
    );
  }
}
