// The TypeScript side of the Node addon's functions, from what napi-rs says of them while the crate is compiled.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.js';

const CRATE = 'streamlib-native';

const HEAD = `// Generated from host-bridge/native/src/calls by \`npm run generate\`. Do not edit.
import type { ConnectionHandlers, ErrorFactory, NativePort } from '../types/callbacks.js';
import type { BufferFactory, TextureFactory } from '../types/handles.js';
import type { NativeId } from '../types/ids.js';
import type { PerFrameCalls } from '../types/per-frame.js';
`;

/** As napi-derive writes it. */
interface Definition {
  readonly kind: string;
  readonly name: string;
  readonly js_doc: string;
  readonly def: string;
}

/** Writes `native/addon-types.ts` into a folder. */
export async function makeAddonTypes(out: string): Promise<void> {
  const definitions = join(out, 'definitions');
  mkdirSync(definitions);
  // The crate's build script asks for the variable, so another folder has the crate compiled anew.
  await run('cargo', ['check', '--quiet', '-p', CRATE], { env: { NAPI_TYPE_DEF_TMP_FOLDER: definitions } });
  mkdirSync(join(out, 'native'));
  writeFileSync(
    join(out, 'native', 'addon-types.ts'),
    addonTypes(readFileSync(join(definitions, CRATE), 'utf8')),
  );
}

/** The module for definitions as napi-derive writes them: one JSON object on each line. */
export function addonTypes(lines: string): string {
  const all = lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line): Definition => JSON.parse(line));
  const unknown = all.find(({ kind }) => kind !== 'fn' && kind !== 'interface');
  if (unknown !== undefined)
    throw new Error(`napi-rs defined ${unknown.name} as ${unknown.kind}, which is not expected`);
  const interfaces = all.filter(({ kind }) => kind === 'interface').sort(byName);
  const functions = all.filter(({ kind }) => kind === 'fn').sort(byName);
  const parts = interfaces.map(({ name, js_doc, def }) =>
    declaration(
      js_doc,
      name,
      def
        .split('\n')
        .map((line) => (line.endsWith('*/') ? line : `${line};`))
        .join('\n'),
    ),
  );
  const methods = functions.map(({ js_doc, def }) => `${js_doc}${def.replace(/^function /, '')};`).join('\n');
  const what = '/** The functions of `streamlib.node`. They throw BridgeErrors. */\n';
  return [HEAD, ...parts, declaration(what, 'Addon extends PerFrameCalls', methods)].join('\n');
}

function declaration(doc: string, name: string, body: string): string {
  return `${doc}export interface ${name} {\n${body.replace(/^(?=.)/gm, '  ')}\n}\n`;
}

function byName(a: Definition, b: Definition): number {
  return a.name < b.name ? -1 : 1;
}
