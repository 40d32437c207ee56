import { createRequire } from 'node:module';
import { BridgeError } from '../errors/bridge-error.js';
import type { Addon } from './generated/addon-types.js';
import { nativeHere } from './locate.js';
import type { ErrorFactory } from './types/callbacks.js';
import type { BufferFactory, TextureFactory } from './types/handles.js';

export type { Addon, ConnectionStats, DebugCounts, PoolStats } from './generated/addon-types.js';
export type { ConnectionHandlers, NativePort } from './types/callbacks.js';
export type { NativeId } from './types/ids.js';

let loaded: Addon | undefined;
let factories: { texture: TextureFactory; buffer: BufferFactory } | undefined;

/** Loaded at first use: what needs only schemas and types works without a built addon. */
export function addon(): Addon {
  return loaded ?? load();
}

/** Called once by the module that has the classes: this one must not import them (they import it). */
export function registerFactories(texture: TextureFactory, buffer: BufferFactory): void {
  factories = { texture, buffer };
}

function load(): Addon {
  if (factories === undefined)
    throw new BridgeError('io', 'The memory classes must be imported before the addon is used');
  const found = nativeHere();
  if ('missing' in found) throw new BridgeError('io', found.missing);
  let binding: Addon;
  try {
    binding = createRequire(import.meta.url)(found.path) as Addon;
  } catch (cause) {
    const because = cause instanceof Error ? cause.message : String(cause);
    const next =
      found.prebuilt === null
        ? 'build it anew with "npm run setup" (or node scripts/bootstrap.mjs scripts/build-native.ts)'
        : 'it is a prebuilt one; if this system is too old for it, build StreamLib from a checkout';
    throw new BridgeError('io', `Could not load the native addon ${found.path} (${because}); ${next}`, {
      cause,
    });
  }
  binding.install(makeError, factories.texture, factories.buffer);
  loaded = binding;
  return binding;
}

const makeError: ErrorFactory = (code, message, port, field, holderPid) =>
  new BridgeError(code, message, { port, field, holderPid });
