import type { Io } from './io.js';

/** One line, so that it can be read line by line. */
export function printJson(io: Io, value: unknown): void {
  const json = JSON.stringify(value, (_key, item: unknown) =>
    typeof item === 'bigint' ? Number(item) : item,
  );
  io.outRaw(`${json}\n`);
}

/** `connectionId` → `connection_id`: what the command prints has the names of the .proto file. */
export function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      snakeKeys(item),
    ]),
  );
}
