import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { toError } from '../base/streamlib-error.js';

/**
 * Node's `spawn` with one way to fail: null is returned, and `failed` is called once, later. Of itself it throws when memory
 * lacks, emits `error` when there is no such command, and when descriptors lack it emits as well, but hands out a process
 * without any of the streams that its type promises.
 */
export function startProcess(
  command: string,
  args: readonly string[],
  options: SpawnOptions,
  failed: (error: Error) => void,
): ChildProcess | null {
  let child: ChildProcess;
  try {
    child = spawn(command, [...args], options);
  } catch (error) {
    process.nextTick(failed, toError(error));
    return null;
  }
  if (child.pid === undefined) {
    child.once('error', failed);
    return null;
  }
  // From one that runs, this is a signal that could not be sent, which says nothing about its end.
  child.on('error', () => {});
  return child;
}
