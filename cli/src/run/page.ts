import { spawn } from 'node:child_process';
import type { NodeSpec } from '@streamlib/runtime';

/**
 * The address of the page that a display serves: it tells it in its log. What other processors log is theirs: an address in there
 * is not to be opened.
 */
export function pageOf(processor: string, message: string, nodes: readonly NodeSpec[]): string | null {
  const isDisplay = nodes.some(({ id, node_type }) => id === processor && node_type === 'display');
  return isDisplay ? pageIn(message) : null;
}

export function pageIn(message: string): string | null {
  return /\bhttps?:\/\/[^\s"'<>]+[^\s"'<>.,;:)]/.exec(message)?.[0] ?? null;
}

/** Opens the system's browser. Calls back if there is none: a page that does not open is no reason to stop a graph. */
export function openPage(url: string, failed: (why: string) => void): void {
  const command = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const child = spawn(command, [url], { stdio: 'ignore', detached: true });
  child.once('error', () => failed(`${command} was not found; open ${url} in a browser`));
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) failed(`${command} could not open a browser; open ${url} yourself`);
  });
  child.unref();
}
