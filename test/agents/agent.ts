import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

export interface Answer {
  readonly ok: boolean;
  readonly data: Record<string, unknown>;
  readonly text: string;
  readonly picture: Buffer | null;
  readonly error: { readonly code: string; readonly message: string; readonly next: string } | null;
}

/** An agent as the tests play it: the official client, and answers in a form that tests can look at. */
export class Agent {
  private constructor(readonly client: Client) {}

  static async connect(transport: Transport): Promise<Agent> {
    const client = new Client({ name: 'test-agent', version: '1' });
    await client.connect(transport);
    return new Agent(client);
  }

  async call(name: string, input: Record<string, unknown> = {}): Promise<Answer> {
    const result = await this.client.callTool({ name, arguments: input }, undefined, { timeout: 120_000 });
    const content = result.content as { type: string; text?: string; data?: string }[];
    const picture = content.find(({ type }) => type === 'image')?.data;
    const error = result._meta?.['streamlib/error'] as Answer['error'] | undefined;
    return {
      ok: result.isError !== true,
      data: (result.structuredContent ?? {}) as Record<string, unknown>,
      text: content.map(({ text }) => text ?? '').join('\n'),
      picture: picture === undefined ? null : Buffer.from(picture, 'base64'),
      error: error ?? null,
    };
  }

  /** A call that has to work; what the server said otherwise is in the error. */
  async must(name: string, input: Record<string, unknown> = {}): Promise<Answer> {
    const answer = await this.call(name, input);
    if (!answer.ok) throw new Error(`${name}: ${answer.text}`);
    return answer;
  }

  close(): Promise<void> {
    return this.client.close();
  }
}
