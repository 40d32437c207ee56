import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';

/**
 * Serves the one client that started this program, over standard input and output. Settles when it has gone.
 *
 * @param server - From `makeMcpServer`; closed at the end.
 * @param signal - Ends it.
 */
export async function serveStdio(server: McpServer, signal: AbortSignal): Promise<void> {
  const transport = new StdioServerTransport();
  const gone = new Promise<void>((resolve) => {
    server.server.onclose = () => resolve();
    // The transport does not look for the end of its input.
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await server.connect(transport);
  await gone;
  await server.close();
}
