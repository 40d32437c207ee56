import { join } from 'node:path';

/** @type {import('../../harness/types.ts').Peer} */
export default {
  name: 'grpc',
  title: 'gRPC: grpc-js to grpcio, unix socket, one stream',
  quick: false,
  four: true,
  needs: {
    python: ['numpy', 'grpcio==1.85.1', 'protobuf==7.36.2'],
    npm: ['@grpc/grpc-js', '@grpc/proto-loader'],
    floor: true,
  },
  unavailable: () => null,
  command: () => [process.execPath, join(import.meta.dirname, 'host.mjs')],
};
