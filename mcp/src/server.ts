import { readFileSync } from 'node:fs';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { ControlApi } from '@streamlib/runtime';
import { z } from 'zod';
import { registerResources } from './resources.js';
import { registerTools, type ToolOptions } from './tools.js';

const INSTRUCTIONS = `StreamLib runs a graph of processors through which live video flows; it runs now, and each tool acts on it at once.
The way to build something: list_processors (types, and examples of Python code) → add_processor for each (a camera or file as
source, Python code of your own as "code", a display) → connect_processors → snapshot at a port to look at the picture that comes
out → replace_processor until it is right → save_graph. Errors end with "Next:", which says what to try. Code runs in a sandbox
without network and files. Ask for missing packages with request_package.`;

/**
 * A server for one client, which acts on a running graph.
 *
 * @param control - The running graph.
 * @param options - What the client may do.
 */
export function makeMcpServer(control: ControlApi, options: ToolOptions): McpServer {
  const server = new McpServer(
    { name: 'streamlib', title: 'StreamLib', version: version() },
    { instructions: INSTRUCTIONS, capabilities: { tools: {}, resources: {}, prompts: {} } },
  );
  registerTools(server, control, options);
  registerResources(server);
  server.registerPrompt(
    'build_graph',
    {
      title: 'Build a graph',
      description: 'Builds a graph for a purpose, and checks it by looking at its pictures.',
      argsSchema: { goal: z.string().describe('What the graph is to do.') },
    },
    ({ goal }) => ({
      messages: [
        {
          role: 'user',
          content: {
            type: 'text',
            text: `Build a StreamLib graph that does this: ${goal}\nRead the resource streamlib://docs/agents.md, then call list_processors. After each step look at what comes out with snapshot or tap, and correct what is wrong with replace_processor. At the end tell me what runs and where I can see it.`,
          },
        },
      ],
    }),
  );
  return server;
}

/** The version of this package. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
}
