import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { z } from 'zod';
import type { CallOptions, ControlApi } from './control.js';
import { ControlError, type ControlErrorCode } from './control-error.js';
import { controlTokenFile } from './server.js';

const answer = z.union([
  z.object({ result: z.record(z.string(), z.unknown()) }),
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      next: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  }),
]);

/** The control of a runtime in another process. */
export class ControlClient implements ControlApi {
  /**
   * @param runtimeId - The id of the runtime, which names the file of its token.
   * @param address - Where it listens: `unix:` and the path of its socket.
   */
  constructor(
    /** The id of the runtime. */
    readonly runtimeId: string,
    private readonly address: string,
  ) {}

  /**
   * Performs one operation in the other process.
   *
   * @param name - The name of an operation, such as `add_processor`.
   * @param input - Its arguments, as the schema of its input says.
   * @param options - Who asks.
   * @returns Its result, as the schema of its output says.
   * @throws {@link ControlError} For what cannot be done, with the next thing to try.
   */
  call(name: string, input: unknown, options: CallOptions): Promise<Record<string, unknown>> {
    const socketPath = this.address.replace(/^unix:/, '');
    const body = JSON.stringify({
      input,
      origin: options.origin,
      folders: options.folders ?? [process.cwd()],
      ...(options.devices && { devices: options.devices }),
      ...(options.hosts && { hosts: options.hosts }),
    });
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          socketPath,
          path: `/v1/${name}`,
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token()}` },
          ...(options.signal !== undefined && { signal: options.signal }),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('error', (cause) => reject(this.gone(cause)));
          response.on('end', () => {
            try {
              resolve(read(text));
            } catch (error) {
              reject(error);
            }
          });
        },
      );
      asked.on('error', (cause) => reject(this.gone(cause)));
      asked.end(body);
    });
  }

  private token(): string {
    try {
      return readFileSync(controlTokenFile(this.runtimeId), 'utf8').split('\n', 1)[0] ?? '';
    } catch (cause) {
      throw this.gone(cause);
    }
  }

  private gone(cause: unknown): ControlError {
    const message = cause instanceof Error ? cause.message : String(cause);
    return new ControlError(
      'unavailable',
      `the runtime ${this.runtimeId} does not answer: ${message}`,
      'Check with `streamlib broker runtimes` whether it is still running.',
      {},
      { cause },
    );
  }
}

function read(text: string): Record<string, unknown> {
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new ControlError(
      'internal',
      'the runtime sent an unexpected answer',
      'Check that it has the same version as this command.',
    );
  if ('result' in parsed.data) return parsed.data.result;
  const { code, message, next, details } = parsed.data.error;
  throw new ControlError(code as ControlErrorCode, message, next, details);
}
