import { addon } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';

/** Makes sure that there is one instance of something for each user. The kernel frees it when the process dies. */
export class InstanceLock {
  private constructor(private id: NativeId) {}

  /**
   * Takes the lock.
   *
   * @param path - A file, which is made where there is none.
   * @throws {@link BridgeError} `locked`, with `holderPid`, when another process holds it.
   */
  static acquire(path: string): InstanceLock {
    return new InstanceLock(addon().lockAcquire(path));
  }

  /** Gives the lock back. Releasing twice is harmless. */
  release(): void {
    const id = this.id;
    if (id === 0) return;
    this.id = 0;
    addon().lockRelease(id);
  }
}
