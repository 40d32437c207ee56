import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { z } from 'zod';
import { ControlError } from '../control-error.js';
import { isInside, real } from '../granted.js';
import { manifestOf } from '../manifest-of.js';
import { operation } from '../operation.js';

export const saveGraph = operation({
  name: 'save_graph',
  title: 'Save the graph',
  description:
    'Writes the running graph as a manifest, with the code of its Python processors beside it, into a folder: `streamlib run FOLDER/graph.yaml` runs it again.',
  input: z.object({
    folder: z
      .string()
      .min(1)
      .describe(
        'Where to; created if it does not exist. A relative one is in the first folder that was granted.',
      ),
    overwrite: z.boolean().default(false).describe('Replace a graph.yaml that already exists.'),
  }),
  output: z.object({ manifest: z.string(), files: z.array(z.string()), next: z.string() }),
  readOnly: false,
  run: async ({ runtime, code, origin, grants: { folders } }, { folder, overwrite }) => {
    const target = isAbsolute(folder) ? folder : resolve(folders[0] ?? process.cwd(), folder);
    if (origin === 'agent' && !folders.some((granted) => isInside(real(target), real(granted))))
      throw new ControlError(
        'denied',
        `${folder} is outside the folders that were granted`,
        `Name a folder in ${folders.join(' or ')}.`,
      );
    const manifest = join(target, 'graph.yaml');
    if (existsSync(manifest) && !overwrite)
      throw new ControlError(
        'invalid',
        `${manifest} already exists`,
        'Choose another folder, or set "overwrite".',
      );
    const { text, files } = manifestOf(runtime.graph, code, (path) => {
      const way = relative(target, path);
      return way.startsWith('..') ? path : way;
    });
    const there = [...files.keys()].filter((name) => existsSync(join(target, name)));
    if (there.length > 0 && !overwrite)
      throw new ControlError(
        'invalid',
        `${there.join(', ')} would be overwritten in ${target}`,
        'Choose another folder, or set "overwrite".',
      );
    mkdirSync(target, { recursive: true });
    for (const [name, content] of files) writeFileSync(join(target, name), content);
    writeFileSync(manifest, text);
    return {
      manifest,
      files: [...files.keys()].map((name) => join(target, name)),
      next: `It runs again with: streamlib run ${manifest}`,
    };
  },
});
