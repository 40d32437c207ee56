import { z } from 'zod';

/**
 * What a text parameter names. An agent may set a text only where a marker says what it is; everything else of type text is
 * refused to it. Users may set all parameters.
 */
export type Marker =
  | {
      /** A file. Agents: within the folders that the user granted. */
      readonly kind: 'file';
      /** Words that are taken as they are, although they could be names of files. */
      readonly except: readonly string[];
      /** Values that name a device rather than a file. */
      readonly devices?: DeviceNames;
    }
  | {
      /** A device of this machine. Agents: of the classes that the user granted. */
      readonly kind: 'device';
      readonly deviceClass: string;
      /** Words that are taken as they are and name no device of that class, `none` for instance. */
      readonly except: readonly string[];
    }
  | {
      /** An address, a host name or a URL. Agents: of the hosts that the user granted. */
      readonly kind: 'network';
      /** `listen`: an address of this machine to listen on; one that only this machine reaches is always allowed. */
      readonly role: 'connect' | 'listen';
    }
  /** A password, a token, a key. Never set by agents and never shown. */
  | { readonly kind: 'secret' }
  /** Text that does nothing but be shown or compared: a title, a label, a colour. Agents may set it. */
  | { readonly kind: 'text' };

/** Values of a file parameter that name a device instead. */
export interface DeviceNames {
  /** What the user grants, as one word: `camera`, `microphone`. */
  readonly deviceClass: string;
  /** A regular expression that matches the whole name of such a device. */
  readonly pattern: string;
}

/** The key under which a field's marker stands in zod's metadata, and so in its JSON schema. */
export const MARKER_KEY = 'streamlib';

const marked = (marker: Marker) =>
  z
    .string()
    .min(1)
    .meta({ [MARKER_KEY]: marker });

/**
 * A config field that names a file. A relative path arrives absolute: resolved against the manifest's folder, or against the
 * working directory when it came by `--set`. Left as they are: the words in `except` and anything with a scheme (`test:bars`).
 *
 * @param options - `except`: words that are no files; none by default.
 */
export function filePath(
  options: { readonly except?: readonly string[]; readonly devices?: DeviceNames } = {},
): z.ZodString {
  const { except = [], devices } = options;
  return marked({ kind: 'file', except, ...(devices && { devices }) });
}

/**
 * A config field that names a device of this machine, of a class such as `microphone`.
 *
 * @param deviceClass - What the user grants, as one word: `camera`, `microphone`.
 * @param options - `except`: words that name no device; none by default.
 */
export function device(
  deviceClass: string,
  options: { readonly except?: readonly string[] } = {},
): z.ZodString {
  return marked({ kind: 'device', deviceClass, except: options.except ?? [] });
}

/**
 * A config field that names a host, an address or a URL: to connect to by default, or to listen on.
 *
 * @param options - `role`: `connect` by default, or `listen`.
 */
export function network(options: { readonly role?: 'connect' | 'listen' } = {}): z.ZodString {
  return marked({ kind: 'network', role: options.role ?? 'connect' });
}

/** A config field that nobody but the user may set, and that is never shown. */
export function secret(): z.ZodString {
  return marked({ kind: 'secret' });
}

/** A config field whose text does nothing but be shown or compared, so that an agent may set it. */
export function agentText(): z.ZodString {
  return z
    .string()
    .max(10_000)
    .meta({ [MARKER_KEY]: { kind: 'text' } satisfies Marker });
}

const markerShape = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    except: z.array(z.string()),
    devices: z.object({ deviceClass: z.string(), pattern: z.string() }).exactOptional(),
  }),
  z.object({ kind: z.literal('device'), deviceClass: z.string(), except: z.array(z.string()) }),
  z.object({ kind: z.literal('network'), role: z.enum(['connect', 'listen']) }),
  z.object({ kind: z.literal('secret') }),
  z.object({ kind: z.literal('text') }),
]);

/**
 * The marker that a schema itself carries; null without one, and for one that is malformed.
 *
 * @param schema - The schema of a field.
 */
export function markerOf(schema: z.core.$ZodType): Marker | null {
  const meta: unknown = z.globalRegistry.get(schema);
  if (typeof meta !== 'object' || meta === null || !(MARKER_KEY in meta)) return null;
  const read = markerShape.safeParse(meta[MARKER_KEY]);
  return read.success ? read.data : null;
}
