// JSON objects, one a line, over a stream.

/**
 * @param {import('node:net').Socket} socket
 * @param {(message: Record<string, unknown>) => void} onMessage
 */
export function readLines(socket, onMessage) {
  let rest = '';
  socket.setEncoding('utf8');
  socket.on('data', (chunk) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) onMessage(JSON.parse(part));
  });
}

/** @param {import('node:net').Socket} socket @param {object} message */
export const writeLine = (socket, message) => socket.write(`${JSON.stringify(message)}\n`);
