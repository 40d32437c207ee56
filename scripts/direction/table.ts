// The one place that says what may import what. Lists are ordered: an entry may import those before it, never those after it.
// A new folder needs a place here. An exception is a debt: the table may only shrink, and one that is paid must be removed.
import type { Rule } from './order.js';

/** Packages, the lowest first. Those that do not exist yet have their places already. */
export const PACKAGES: readonly string[] = [
  'proto',
  'host-bridge',
  'processor',
  'serve',
  'runtime',
  'nodes/media',
  'media',
  'mcp',
  'broker',
  'cli',
];

/** Packages that may import less than what stands below them. */
export const ONLY: Readonly<Record<string, readonly string[]>> = {
  proto: [],
  'host-bridge': [],
  broker: ['proto', 'host-bridge'],
};

/** Folders of each package's `src`. A file at the top stands for itself, by its name. */
export const FOLDERS: Readonly<Record<string, Rule>> = {
  proto: { order: ['generated/streamlib/broker/v1', 'index'] },
  'host-bridge': {
    order: [
      'errors',
      'native/types',
      'native/generated',
      'native',
      'schema',
      'memory',
      'channel',
      'service',
      'codec',
      'debug',
      'index',
    ],
  },
  processor: { order: ['logger', 'types', 'markers', 'define', 'index'] },
  serve: {
    order: [
      ...['errors', 'guard', 'body', 'exchange', 'static', 'websocket', 'mount'],
      ...['socket-file', 'listen', 'server', 'index'],
    ],
  },
  broker: {
    order: [
      ...['errors', 'clock', 'state-machine', 'logs', 'tokens', 'registry', 'monitor'],
      ...['systemd', 'relay', 'grpc', 'service', 'index'],
    ],
  },
  runtime: {
    order: [
      ...['base', 'base/loop', 'base/log', 'base/settings', 'processor', 'flow', 'process'],
      ...['graph', 'graph/config', 'graph/manifest', 'node', 'node/local', 'broker'],
      ...['python', 'python/environment', 'python/spare', 'python/sandbox', 'python/inspect', 'python/check'],
      ...['python/links', 'python/host', 'node-types', 'node-types/packages', 'node-types/python'],
      ...['node-types/registry', 'observe/tracing', 'observe/metrics'],
      ...['engine/prepare', 'engine', 'control/pixels', 'control', 'control/operations', 'index'],
    ],
    exceptions: [
      {
        from: 'control',
        to: 'control/operations',
        files: ['control.ts'],
        why: 'the table of operations is imported by the folder whose files they use',
      },
    ],
  },
  media: { order: ['errors', 'ffmpeg', 'camera', 'display', 'file', 'index'] },
  mcp: { order: ['grants', 'token', 'a2a', 'resources', 'tools', 'server', 'http', 'stdio', 'index'] },
  cli: {
    order: [
      ...[
        'errors',
        'version',
        'output',
        'signals',
        'broker-client',
        'logs',
        'broker',
        'validate',
        'run',
        'control',
      ],
      ...['packages', 'types', 'top', 'doctor', 'program', 'main', 'index'],
    ],
  },
};

/** XPC carries dictionaries, not bytes: the module for macOS has to know what is in a message. */
const MACOS_NEEDS_SCHEMAS = [
  { to: 'codec', files: ['decode.rs', 'encode.rs'] },
  { to: 'memory', files: ['decode.rs', 'encode.rs'] },
  { to: 'wire', files: ['decode.rs', 'encode.rs'] },
].map((each) => ({ from: 'sys/macos', why: 'it encodes frames itself', ...each }));

/** Crates, by their folders. Modules that lie at the top stand for themselves. */
export const CRATES: Readonly<Record<string, Rule>> = {
  'host-bridge/core': {
    order: [
      ...[
        'error',
        'limits',
        'service',
        'schema',
        'counters',
        'memory/format',
        'sys',
        'sys/linux',
        'sys/in_process',
      ],
      ...['sys/macos/ffi', 'sys/macos', 'memory', 'codec', 'wire', 'value', 'connection', 'lib'],
    ],
    exceptions: [...MACOS_NEEDS_SCHEMAS],
  },
  'host-bridge/native': { order: null },
  'client-runner': {
    order: null,
  },
};

/** Packages of Python: circles of modules only. */
export const PYTHON: Readonly<Record<string, Rule>> = {
  'client-runner/python/streamlib': {
    order: null,
  },
};
