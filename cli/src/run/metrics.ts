import type { MetricsOptions } from '@streamlib/runtime';
import { CliError } from '../errors/cli-error.js';

/** Where exporters of this kind are looked for. */
const usualPort = 9464;
/** Other graphs of this machine may be there already. */
const further = 100;

/** What `--metrics` asks for; null: nothing. */
export function metricsAt(option: string | boolean | undefined): MetricsOptions | null {
  if (option === undefined || option === false) return null;
  if (option === true) return { port: usualPort, further };
  const [, host, digits] = /^(?:(.+):)?(\d{1,5})$/.exec(option) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535)
    throw new CliError('usage', `--metrics ${option} is not an address; it must be PORT or HOST:PORT`);
  return host === undefined ? { port } : { port, host: host.replace(/^\[|\]$/g, '') };
}

/** Where they are, and why not where somebody might look for them. */
export function metricsLine(url: string, { port }: MetricsOptions): string {
  const moved = port !== 0 && !url.endsWith(`:${port}`);
  return `Metrics are at ${url}/metrics${moved ? ` (port ${port} is in use)` : ''}`;
}
