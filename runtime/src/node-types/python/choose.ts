import { basename } from 'node:path';
import { suggestion } from '../../base/nearest.js';
import type { DeclaredProcessor } from '../../python/declared.js';
import type { PythonParams } from '../../python/host/params.js';

export type Choice =
  | { readonly processor: DeclaredProcessor }
  /** The parameter that is wrong, and why. */
  | { readonly key: 'file' | 'processor' | 'kind'; readonly message: string };

/** Which of the processors that a file declares a node means. */
export function choose(params: PythonParams, found: readonly DeclaredProcessor[]): Choice {
  const file = basename(params.file);
  const names = found.map(({ name }) => name);
  const [only] = found;
  if (only === undefined)
    return {
      key: 'file',
      message: `${file} declares no processor; decorate a function or a class with @streamlib.processor(…)`,
    };
  const wanted = params.processor;
  const processor = wanted === undefined ? only : found.find(({ name }) => name === wanted);
  if (processor === undefined)
    return {
      key: 'processor',
      message: `${file} has no processor "${wanted}"${suggestion(wanted ?? '', names)}`,
    };
  if (wanted === undefined && found.length > 1)
    return {
      key: 'file',
      message: `${file} has several processors; name one with "processor": ${names.join(', ')}`,
    };
  if (params.kind !== undefined && processor.kind !== null && params.kind !== processor.kind)
    return {
      key: 'kind',
      message: `kind is ${params.kind} here, but ${file} declares "${processor.name}" as ${processor.kind}`,
    };
  return { processor };
}
