import { typescriptProgram } from '../../../scripts/lib/paths.js';
import type { Peer } from '../../harness/types.js';

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
  command: () => [process.execPath, ...typescriptProgram('bench/peers/grpc/host.ts')],
} satisfies Peer;
