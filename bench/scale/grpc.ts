// The workspace's grpc-js, which the generated client belongs to: the benchmark has one of its own, for a peer.
import { createRequire } from 'node:module';

type Grpc = typeof import('../../node_modules/@grpc/grpc-js/build/src/index.js');

const grpc: Grpc = createRequire(new URL('../../runtime/package.json', import.meta.url))('@grpc/grpc-js');
export const { credentials, Metadata } = grpc;
export type Metadata = InstanceType<Grpc['Metadata']>;

/** The reply to one call; `start` makes it. */
export const call = <Reply>(
  start: (done: (error: Error | null, reply: Reply) => void) => unknown,
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    start((error, reply) => (error ? reject(error) : resolve(reply)));
  });
