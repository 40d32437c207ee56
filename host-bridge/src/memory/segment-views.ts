import { markAsUntransferable } from 'node:worker_threads';
import { addon } from '../native/addon.js';
import type { NativeId } from '../native/types/ids.js';

/**
 * A transfer to a worker would detach a buffer under every view of it. From Node 22 on, memory of an addon is never transferred. To
 * mark it there as well would end the process: since Node 24 the mark is V8's detach key, and at exit Node detaches such memory
 * without one (`FATAL ERROR: v8::FromJust` in `Environment::RunCleanup`).
 */
const TRANSFERS_EXTERNAL_MEMORY = Number.parseInt(process.versions.node, 10) < 22;

/**
 * The JavaScript views of one mapped segment. There is exactly one ArrayBuffer for a mapping, ever: V8 does not allow two
 * over the same memory. It stays here until nothing can name the mapping any more; then whoever still has a view
 * keeps the ArrayBuffer, and the ArrayBuffer keeps the mapping.
 */
class SegmentViews {
  private readonly views = new Map<number, Uint8Array>();

  constructor(private readonly buffer: ArrayBuffer) {}

  /** A slot is used again and again for frames of one size, so its view is made once. */
  at(offset: number, length: number): Uint8Array {
    const known = this.views.get(offset);
    if (known !== undefined && known.length === length) return known;
    const view = new Uint8Array(this.buffer, offset, length);
    this.views.set(offset, view);
    return view;
  }
}

const segments = new Map<number, SegmentViews>();

export function segmentView(handle: NativeId, mapping: number, offset: number, length: number): Uint8Array {
  let segment = segments.get(mapping);
  if (segment === undefined) {
    // A producer that made new memory gives up old, which nothing else tells here.
    sweepMappings();
    const buffer = addon().mappingBuffer(handle);
    if (TRANSFERS_EXTERNAL_MEMORY) markAsUntransferable(buffer);
    segment = new SegmentViews(buffer);
    segments.set(mapping, segment);
  }
  return segment.at(offset, length);
}

export function forgetMapping(mapping: number): void {
  segments.delete(mapping);
}

/** Lets go of each mapping that only its own ArrayBuffer still holds. */
export function sweepMappings(): void {
  for (const mapping of segments.keys()) {
    if (addon().mappingIdle(mapping)) segments.delete(mapping);
  }
}
