import type { Schema } from '@streamlib/host-bridge';
import type { PythonKind } from '../processor/kind.js';

/** A processor that a Python file declares. */
export interface DeclaredProcessor {
  readonly name: string;
  /** Null when the decorator leaves it open. */
  readonly kind: PythonKind | null;
  readonly isFunction: boolean;
  readonly inputs: Readonly<
    Record<string, { schema: Schema; delivery?: 'latest' | 'every_sample' | 'lossless'; keep?: number }>
  >;
  readonly outputs: Readonly<Record<string, Schema>>;
}
