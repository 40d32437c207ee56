// JSON objects, one a line, over a stream.
import type { Socket } from 'node:net';

export function readLines<Message extends object = Record<string, unknown>>(
  socket: Socket,
  onMessage: (message: Message) => void,
) {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) onMessage(JSON.parse(part));
  });
}

export const writeLine = (socket: Socket, message: object) => socket.write(`${JSON.stringify(message)}\n`);
