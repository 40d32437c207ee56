import { A2A_VERSION_HEADER, AGENT_CARD_PATH, AgentCard } from '@a2a-js/sdk';
import {
  DefaultRequestHandler,
  JsonRpcTransportHandler,
  ServerCallContext,
  UnauthenticatedUser,
  validateVersion,
} from '@a2a-js/sdk/server';
import type { ControlApi } from '@streamlib/runtime';
import type { Exchange } from '@streamlib/serve';
import type { ToolOptions } from '../grants.js';
import { A2A_PATH, agentCard } from './card.js';
import { SkillExecutor } from './executor.js';
import { RecentTasks } from './recent-tasks.js';

/** The same operations for another agent, over A2A: its card, and JSON-RPC. Who may ask has been looked at before. */
export class A2aEndpoint {
  private readonly handler: DefaultRequestHandler;
  private readonly rpc: JsonRpcTransportHandler;

  /**
   * @param card - What another agent reads about this one.
   * @param control - The running graph.
   * @param granted - What the other agent may name.
   */
  constructor(
    private readonly card: AgentCard,
    control: ControlApi,
    granted: ToolOptions,
  ) {
    this.handler = new DefaultRequestHandler(card, new RecentTasks(), new SkillExecutor(control, granted));
    this.rpc = new JsonRpcTransportHandler(this.handler);
  }

  /**
   * An endpoint with the card that fits it.
   *
   * @param origin - Where the server is, such as `http://127.0.0.1:8931`.
   * @param version - The version of StreamLib that the card names.
   * @param control - The running graph.
   * @param granted - What the other agent may name.
   */
  static at(origin: string, version: string, control: ControlApi, granted: ToolOptions): A2aEndpoint {
    return new A2aEndpoint(agentCard(origin, version), control, granted);
  }

  /**
   * Answers a request for the card, or a call. Who asks has been checked before.
   *
   * @param exchange - The request and its response.
   * @returns False if the path is none of these, and nothing was done.
   */
  async answer(exchange: Exchange): Promise<boolean> {
    const { path, request } = exchange;
    if (path === `/${AGENT_CARD_PATH.replace(/^\//, '')}`) {
      exchange.sendJson(200, AgentCard.toJSON(this.card));
      return true;
    }
    if (path !== A2A_PATH || request.method !== 'POST') return false;
    const body = (await exchange.body()).toString('utf8');
    try {
      const version = request.headers[A2A_VERSION_HEADER.toLowerCase()];
      const context = new ServerCallContext({
        user: new UnauthenticatedUser(),
        ...(typeof version === 'string' && { requestedVersion: version }),
      });
      validateVersion(context.requestedVersion, this.card, 'JSONRPC');
      const answered = await this.rpc.handle(body, context);
      // Streaming is not among what the card offers.
      exchange.sendJson(200, Symbol.asyncIterator in answered ? (await answered.next()).value : answered);
    } catch (error) {
      exchange.sendJson(200, {
        jsonrpc: '2.0',
        id: null,
        error: JsonRpcTransportHandler.mapToJSONRPCError(error),
      });
    }
    return true;
  }
}
