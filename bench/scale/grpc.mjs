// The workspace's grpc-js, which the generated client belongs to: the benchmark has one of its own, for a peer.
import { createRequire } from 'node:module';

export const { credentials, Metadata } = createRequire(
  new URL('../../runtime/package.json', import.meta.url),
)('@grpc/grpc-js');
