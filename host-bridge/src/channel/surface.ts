/**
 * Runs a user's callback. What it throws becomes an `uncaughtException`, as with any emitter of Node, but only after the
 * batch of messages that is being handled: the messages behind it are not lost.
 */
export function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
