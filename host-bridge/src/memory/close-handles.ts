import { MemoryHandle } from './handle.js';

/** Closes every handle in a frame that nobody wanted. */
export function closeHandles(value: unknown): void {
  if (value instanceof MemoryHandle) value.close();
  else if (Array.isArray(value)) for (const item of value) closeHandles(item);
  else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const item of Object.values(value)) closeHandles(item);
  }
}
