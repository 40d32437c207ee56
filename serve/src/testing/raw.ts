import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** 0: the connection ended without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Bytes to a port or a socket file, and all that comes back until the server hangs up. */
export function raw(to: number | string, bytes: string | readonly string[]): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const socket: Socket = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (part) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      const [head = '', ...rest] = text.split('\r\n\r\n');
      resolve({ status: Number(head.split(' ')[1] ?? 0), head, body: rest.join('\r\n\r\n') });
    });
    for (const part of typeof bytes === 'string' ? [bytes] : bytes) socket.write(part);
  });
}
