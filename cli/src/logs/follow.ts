import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { StringDecoder } from 'node:string_decoder';

const CHUNK = 64 * 1024;
/** For file systems that do not tell changes (network shares). */
const POLL_MS = 1_000;

export interface LineSink {
  line(text: string): void;
  /** What was there already has been read. */
  caughtUp(): void;
}

/** Gives every line of a file to `sink`; with `signal`, goes on with new ones until it is aborted. */
export async function readLines(path: string, sink: LineSink, signal: AbortSignal | null): Promise<void> {
  const file = await open(path, 'r');
  try {
    const reader = new LineReader(file, (text) => sink.line(text));
    await reader.readOn();
    if (signal === null) reader.finish();
    sink.caughtUp();
    if (signal === null) return;
    await followChanges(path, signal, () => reader.readOn());
    reader.finish();
  } finally {
    await file.close();
  }
}

class LineReader {
  private readonly buffer = Buffer.alloc(CHUNK);
  private decoder = new StringDecoder('utf8');
  private position = 0;
  private rest = '';

  constructor(
    private readonly file: FileHandle,
    private readonly onLine: (line: string) => void,
  ) {}

  async readOn(): Promise<void> {
    const { size } = await this.file.stat();
    if (size < this.position) {
      // Cut by whoever writes it: begin again.
      this.position = 0;
      this.rest = '';
      this.decoder = new StringDecoder('utf8');
    }
    for (;;) {
      const { bytesRead } = await this.file.read(this.buffer, 0, CHUNK, this.position);
      if (bytesRead === 0) return;
      this.position += bytesRead;
      const parts = (this.rest + this.decoder.write(this.buffer.subarray(0, bytesRead))).split('\n');
      this.rest = parts.pop() ?? '';
      for (const line of parts) this.onLine(line);
    }
  }

  /** The last line may have been cut off by a crash; it still tells something. */
  finish(): void {
    if (this.rest !== '') this.onLine(this.rest);
    this.rest = '';
  }
}

function followChanges(path: string, signal: AbortSignal, readOn: () => Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    let busy = false;
    let again = false;
    const look = () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      readOn().then(
        () => {
          busy = false;
          if (!again || signal.aborted) return;
          again = false;
          look();
        },
        (error: unknown) => {
          end();
          reject(error);
        },
      );
    };
    let watcher: FSWatcher | null = null;
    const timer = setInterval(look, POLL_MS);
    const end = () => {
      clearInterval(timer);
      watcher?.close();
      signal.removeEventListener('abort', ended);
    };
    const ended = () => {
      end();
      resolve();
    };
    signal.addEventListener('abort', ended, { once: true });
    try {
      watcher = watch(path, look);
      watcher.on('error', () => watcher?.close());
    } catch {
      // No watches left (a limit of the system): the timer alone is slower, not wrong.
    }
    if (signal.aborted) ended();
    else look();
  });
}
