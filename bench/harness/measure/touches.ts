// The work of the workload: one byte in each page, so that what is measured is the hand-over and not a filter.
import { createRequire } from 'node:module';
import { floorAddon } from '../paths.js';

/** The functions of `floor/`, which also holds the page touches: every Node peer touches its frames with the same code. */
export interface Floor {
  map(bytes: number): { fd: number; memory: ArrayBuffer };
  pair(): [ours: number, theirs: number];
  watch(fd: number, onMessage: (message: number) => void): unknown;
  unwatch(watch: unknown): void;
  send(fd: number, message: number): number;
  close(fd: number): void;
  touchWrite(frame: Uint8Array, value: number): void;
  touchRead(frame: Uint8Array): number;
  pin(thread: number, cpus: number): number;
}

export const floor: Floor = createRequire(import.meta.url)(floorAddon);
export const { touchWrite, touchRead } = floor;
