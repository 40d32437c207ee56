/** Work that many may wait for at the same time and that is done once for all of them. */
export class SharedWork<T> {
  private running: { readonly result: Promise<T>; readonly abort: AbortController; waiting: number } | null =
    null;

  constructor(private readonly work: (signal: AbortSignal) => Promise<T>) {}

  /** Begins the work or joins it. Rejects when the caller's signal aborts; the work is given up when the last caller has left. */
  async join(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const running = this.running ?? this.begin();
    running.waiting++;
    let leave = () => {};
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(signal?.reason);
      signal?.addEventListener('abort', leave, { once: true });
    });
    try {
      return await Promise.race([running.result, left]);
    } finally {
      signal?.removeEventListener('abort', leave);
      running.waiting--;
      if (running.waiting === 0) {
        running.abort.abort();
        if (this.running === running) this.running = null;
      }
    }
  }

  private begin(): { readonly result: Promise<T>; readonly abort: AbortController; waiting: number } {
    const abort = new AbortController();
    const begun = { result: this.work(abort.signal), abort, waiting: 0 };
    this.running = begun;
    const over = () => {
      if (this.running === begun) this.running = null;
    };
    begun.result.then(over, over);
    return begun;
  }
}
