import type { IncomingMessage, ServerResponse } from 'node:http';
import { A2A_VERSION_HEADER, AGENT_CARD_PATH, AgentCard } from '@a2a-js/sdk';
import {
  DefaultRequestHandler,
  JsonRpcTransportHandler,
  ServerCallContext,
  UnauthenticatedUser,
  validateVersion,
} from '@a2a-js/sdk/server';
import type { ControlApi } from '@streamlib/runtime';
import { A2A_PATH, agentCard } from './card.js';
import { SkillExecutor } from './executor.js';
import { RecentTasks } from './recent-tasks.js';

const LONGEST_BODY = 4 * 1024 * 1024;

/** The same operations for another agent, over A2A: its card, and JSON-RPC. Who may ask has been looked at before. */
export class A2aEndpoint {
  private readonly handler: DefaultRequestHandler;
  private readonly rpc: JsonRpcTransportHandler;

  constructor(
    private readonly card: AgentCard,
    control: ControlApi,
    folders: readonly string[],
  ) {
    this.handler = new DefaultRequestHandler(card, new RecentTasks(), new SkillExecutor(control, folders));
    this.rpc = new JsonRpcTransportHandler(this.handler);
  }

  static at(origin: string, version: string, control: ControlApi, folders: readonly string[]): A2aEndpoint {
    return new A2aEndpoint(agentCard(origin, version), control, folders);
  }

  /** False: the path is none of these. */
  async answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    if (path === `/${AGENT_CARD_PATH.replace(/^\//, '')}`) {
      send(response, AgentCard.toJSON(this.card));
      return true;
    }
    if (path !== A2A_PATH || request.method !== 'POST') return false;
    const body = await read(request);
    try {
      const version = request.headers[A2A_VERSION_HEADER.toLowerCase()];
      const context = new ServerCallContext({
        user: new UnauthenticatedUser(),
        ...(typeof version === 'string' && { requestedVersion: version }),
      });
      validateVersion(context.requestedVersion, this.card, 'JSONRPC');
      const answered = await this.rpc.handle(body, context);
      // Streaming is not among what the card offers.
      send(response, Symbol.asyncIterator in answered ? (await answered.next()).value : answered);
    } catch (error) {
      send(response, { jsonrpc: '2.0', id: null, error: JsonRpcTransportHandler.mapToJSONRPCError(error) });
    }
    return true;
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    length += (chunk as Buffer).length;
    if (length > LONGEST_BODY) throw new Error(`the request is longer than ${LONGEST_BODY} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
