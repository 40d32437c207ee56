import { fileURLToPath } from 'node:url';

export * from './generated/streamlib/broker/v1/broker.js';

/** The .proto file itself, for server reflection and for generators of other languages. */
export function brokerProtoFile(): string {
  return fileURLToPath(new URL('../streamlib/broker/v1/broker.proto', import.meta.url));
}

/** The folder that `brokerProtoFile` is named relative to in imports. */
export function protoRoot(): string {
  return fileURLToPath(new URL('../', import.meta.url));
}
