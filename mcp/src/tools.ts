import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ListToolsRequestSchema,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import { type ControlApi, type Operation, operations, toControlError } from '@streamlib/runtime';
import { z } from 'zod';
import type { ToolOptions } from './grants.js';

export type { ToolOptions } from './grants.js';

/** Under this name an error is told to programs; the text beside it is for models and people. */
export const ERROR_META = 'streamlib/error';

/** A picture travels as a picture, not as text among the figures. */
const PICTURE_FIELD = 'png_base64';

/**
 * Makes every operation of a runtime a tool. Without `registerTool`, which checks arguments itself and answers in words of its
 * own:
 * the operation refuses what is wrong, and says what to do next.
 *
 * @param mcp - The server that gets the tools.
 * @param control - The running graph.
 * @param options - What the client may do.
 */
export function registerTools({ server }: McpServer, control: ControlApi, options: ToolOptions): void {
  const tools = operations.map(toolOf);
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }, { signal }) =>
    answer(() =>
      control.call(params.name, params.arguments ?? {}, {
        origin: 'agent',
        ...options,
        signal,
      }),
    ),
  );
}

function toolOf(operation: Operation): Tool {
  return {
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: published(operation.input.strict(), 'input'),
    outputSchema: published(toldOutput(operation), 'output'),
    annotations: {
      readOnlyHint: operation.readOnly,
      destructiveHint: operation.name.startsWith('remove') || operation.name.startsWith('replace'),
      openWorldHint: false,
    },
  };
}

function published(schema: z.ZodObject, io: 'input' | 'output'): Tool['inputSchema'] {
  return { ...z.toJSONSchema(schema, { io, target: 'draft-7' }), type: 'object' } as Tool['inputSchema'];
}

/**
 * The schema of a tool's structured content: an operation's output, without its picture, which travels beside it.
 *
 * @param operation - The operation.
 */
export function toldOutput({ output }: Operation): z.ZodObject {
  return PICTURE_FIELD in output.shape ? output.omit({ [PICTURE_FIELD]: true }) : output;
}

async function answer(call: () => Promise<Record<string, unknown>>): Promise<CallToolResult> {
  try {
    const { [PICTURE_FIELD]: picture, ...rest } = await call();
    const text = { type: 'text' as const, text: JSON.stringify(rest, null, 1) };
    return {
      structuredContent: rest,
      content:
        typeof picture === 'string'
          ? [{ type: 'image', data: picture, mimeType: 'image/png' }, text]
          : [text],
    };
  } catch (thrown) {
    return failure(thrown);
  }
}

function failure(thrown: unknown): CallToolResult {
  const error = toControlError(thrown);
  const problems = Array.isArray(error.details.problems) ? error.details.problems : [];
  const more = problems.length > 0 ? `\n${JSON.stringify(problems, null, 1)}` : '';
  return {
    isError: true,
    content: [{ type: 'text', text: `${error.code}: ${error.message}${more}\nNext: ${error.next}` }],
    _meta: { [ERROR_META]: error.toJSON() },
  };
}
