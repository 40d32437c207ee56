import type { MetricsOptions } from '@streamlib/runtime';
import { CliError } from '../errors/cli-error.js';

/** Where exporters of this kind are looked for. */
const usualPort = 9464;

/** What `--metrics` asks for; null: nothing. */
export function metricsAt(option: string | boolean | undefined): MetricsOptions | null {
  if (option === undefined || option === false) return null;
  if (option === true) return { port: usualPort };
  const [, host, digits] = /^(?:(.+):)?(\d{1,5})$/.exec(option) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535)
    throw new CliError('usage', `--metrics ${option} is not an address; it must be PORT or HOST:PORT`);
  return host === undefined ? { port } : { port, host: host.replace(/^\[|\]$/g, '') };
}
