import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { readSetting, refOf } from '@streamlib/runtime';
import { CliError } from '../errors/cli-error.js';

/** `param=value` and `config.key=value`, as after `--set`, as one mapping. Values are YAML, as after `run --set`. */
export function paramsFrom(settings: readonly string[]): Record<string, unknown> {
  const params: Record<string, unknown> = {};
  for (const setting of settings) {
    const [, path, value] = /^([A-Za-z_][\w.-]*)=(.*)$/s.exec(setting) ?? [];
    const keys = path?.split('.') ?? [];
    if (value === undefined || keys.includes('__proto__'))
      throw new CliError('usage', `"${setting}" is not of the form param=value`);
    const last = keys.pop() ?? '';
    let into = params;
    for (const key of keys) {
      const below = Object.hasOwn(into, key) ? into[key] : undefined;
      const next = typeof below === 'object' && below !== null ? (below as Record<string, unknown>) : {};
      into[key] = next;
      into = next;
    }
    into[last] = readSetting(value);
  }
  return params;
}

/** `effect.py` is Python code in a file; anything else names a type. */
export function whatToAdd(what: string): { type: string; params: Record<string, unknown> } {
  if (!what.endsWith('.py')) return { type: what, params: {} };
  const file = resolve(what);
  if (!existsSync(file)) throw new CliError('usage', `no such file: ${what}`);
  return { type: 'python', params: { file } };
}

export function linkOf(from: string, to: string): Record<string, string> {
  const [a, b] = [refOf(from), refOf(to)];
  return {
    from_processor: a.node,
    ...(a.port !== '' && { from_port: a.port }),
    to_processor: b.node,
    ...(b.port !== '' && { to_port: b.port }),
  };
}
