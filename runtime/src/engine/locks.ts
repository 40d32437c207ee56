/** One change at a time for each name; changes of other names do not wait for it. */
export class Locks {
  private readonly tails = new Map<string, Promise<void>>();

  /** Runs `work` when every earlier holder of any of the names is done. Taken all at once, so that nobody waits in a circle. */
  async hold<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    const before = names.map((name) => this.tails.get(name));
    let release = () => {};
    const tail = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const name of names) this.tails.set(name, tail);
    try {
      await Promise.all(before);
      return await work();
    } finally {
      for (const name of names) if (this.tails.get(name) === tail) this.tails.delete(name);
      release();
    }
  }
}
