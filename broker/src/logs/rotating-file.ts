import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotationOptions {
  readonly maxBytes?: number;
  /** How many older files stay: `broker.log.1` is the newest of them. */
  readonly keep?: number;
  /** Told once for each streak of failures; the log itself can't be told. */
  readonly onError?: (error: unknown) => void;
}

/**
 * Written synchronously and in this thread: a broker writes a few lines a minute, and the line that tells why it crashed
 * must be on disk when it has. A worker's queue would lose just that one.
 */
export class RotatingFile {
  private descriptor: number | null;
  private size: number;
  private failing = false;
  private readonly maxBytes: number;
  private readonly keep: number;
  private readonly onError: (error: unknown) => void;

  constructor(
    readonly path: string,
    options: RotationOptions = {},
  ) {
    this.maxBytes = options.maxBytes ?? 5 * 1024 * 1024;
    this.keep = options.keep ?? 3;
    this.onError = options.onError ?? (() => undefined);
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    this.descriptor = openSync(path, 'a', 0o600);
    this.size = fstatSync(this.descriptor).size;
  }

  /** Never throws: a full disk must not end the broker. */
  write(line: string): void {
    const bytes = Buffer.from(line);
    try {
      if (this.size > 0 && this.size + bytes.length > this.maxBytes) this.rotate();
      this.descriptor ??= openSync(this.path, 'a', 0o600);
      for (let at = 0; at < bytes.length; ) at += writeSync(this.descriptor, bytes, at);
      this.size += bytes.length;
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.onError(error);
      this.failing = true;
    }
  }

  close(): void {
    if (this.descriptor !== null) closeSync(this.descriptor);
    this.descriptor = null;
  }

  private rotate(): void {
    this.close();
    rmSync(`${this.path}.${this.keep}`, { force: true });
    for (let index = this.keep; index >= 1; index--) {
      try {
        renameSync(index === 1 ? this.path : `${this.path}.${index - 1}`, `${this.path}.${index}`);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      }
    }
    if (this.keep === 0) rmSync(this.path, { force: true });
    this.size = 0;
  }
}
