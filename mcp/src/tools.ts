import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { type ControlApi, type Operation, operations, toControlError } from '@streamlib/runtime';
import type { z } from 'zod';

/** Under this name an error is told to programs; the text beside it is for models and people. */
export const ERROR_META = 'streamlib/error';

/** A picture travels as a picture, not as text among the figures. */
const PICTURE_FIELD = 'png_base64';

export interface ToolOptions {
  /** Folders whose files the agent may name. */
  readonly folders: readonly string[];
}

/** Makes every operation of a runtime a tool. */
export function registerTools(server: McpServer, control: ControlApi, options: ToolOptions): void {
  for (const operation of operations) {
    server.registerTool(
      operation.name,
      {
        title: operation.title,
        description: operation.description,
        inputSchema: operation.input,
        outputSchema: toldOutput(operation),
        annotations: {
          readOnlyHint: operation.readOnly,
          destructiveHint: operation.name.startsWith('remove') || operation.name.startsWith('replace'),
          openWorldHint: false,
        },
      },
      (input: object, { signal }: { signal: AbortSignal }) =>
        answer(() =>
          control.call(operation.name, input, { origin: 'agent', folders: options.folders, signal }),
        ),
    );
  }
}

/** What a tool tells as structured content. */
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
