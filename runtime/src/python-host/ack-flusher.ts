import type { Connection } from '@streamlib/host-bridge';
import { OUTPUT_WINDOW } from './output.js';

/** How long acknowledgements wait for a message that takes them along. */
const LINGER_MS = 5;
/** Half the window: the client never has to stand still for want of an acknowledgement that lingers here. */
const AT_MOST = OUTPUT_WINDOW / 2;

/**
 * Acknowledgements and releases ride on whatever goes the other way; this sends them alone when nothing does.
 * In a steady exchange of frames it never has anything to do.
 */
export class AckFlusher {
  private waiting = 0;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly connection: Connection) {}

  acked(): void {
    this.waiting++;
    if (this.waiting >= AT_MOST) this.flush();
    else
      this.timer ??= setTimeout(() => {
        this.timer = null;
        if (this.waiting > 0) this.flush();
      }, LINGER_MS);
  }

  /** A message went out and took along what was waiting. */
  carried(): void {
    this.waiting = 0;
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.waiting = 0;
  }

  private flush(): void {
    this.waiting = 0;
    this.connection.flush();
  }
}
