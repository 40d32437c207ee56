import { randomUUID } from 'node:crypto';
import {
  A2A_PROTOCOL_VERSION,
  AgentCard,
  type Message,
  type Part,
  Role,
  type Task,
  TaskState,
} from '@a2a-js/sdk';
import {
  type Client,
  ClientFactory,
  DefaultAgentCardResolver,
  JsonRpcTransportFactory,
} from '@a2a-js/sdk/client';
import {
  AgentEvent,
  type AgentExecutor,
  DefaultRequestHandler,
  type ExecutionEventBus,
  InMemoryTaskStore,
  JsonRpcTransportHandler,
  type RequestContext,
  ServerCallContext,
  UnauthenticatedUser,
} from '@a2a-js/sdk/server';

/** A client for an agent, found by its card. */
export function clientOf(origin: string, fetchImpl: typeof fetch): Promise<Client> {
  const factory = new ClientFactory({
    transports: [new JsonRpcTransportFactory({ fetchImpl })],
    cardResolver: new DefaultAgentCardResolver({ fetchImpl }),
  });
  return factory.createFromUrl(origin);
}

export async function send(
  client: Client,
  content: Part['content'],
  returnImmediately = false,
): Promise<Task> {
  const sent = await client.sendMessage({
    tenant: '',
    message: {
      messageId: randomUUID(),
      contextId: '',
      taskId: '',
      role: Role.ROLE_USER,
      parts: [{ content, metadata: undefined, filename: '', mediaType: 'application/json' }],
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    },
    configuration: {
      acceptedOutputModes: [],
      taskPushNotificationConfig: undefined,
      historyLength: 0,
      returnImmediately,
    },
    metadata: undefined,
  });
  if (!('status' in sent)) throw new Error('no task came back');
  return sent;
}

export function dataOf(task: Task): Record<string, unknown> {
  const parts = task.artifacts.at(-1)?.parts ?? task.status?.message?.parts ?? [];
  const found = parts.map(({ content }) => content).find((content) => content?.$case === 'data');
  return found?.$case === 'data' ? (found.value as Record<string, unknown>) : {};
}

export function pictureOf(task: Task): Buffer | null {
  const parts = task.artifacts.at(-1)?.parts ?? [];
  const found = parts.map(({ content }) => content).find((content) => content?.$case === 'raw');
  return found?.$case === 'raw' ? Buffer.from(found.value) : null;
}

/**
 * An agent that paints what it is told in words. It has no video of its own: it asks another agent for all of that, and what it
 * knows of it is its card.
 */
export class Painter implements AgentExecutor {
  readonly origin = 'http://painter.invalid';
  /** What it has asked the other agent for, and what came of it. */
  readonly said: string[] = [];
  private readonly rpc: JsonRpcTransportHandler;
  private readonly card: AgentCard = {
    name: 'Painter',
    description: 'Shows a picture as it is described.',
    version: '1',
    supportedInterfaces: [
      {
        url: `${this.origin}/a2a`,
        protocolBinding: 'JSONRPC',
        tenant: '',
        protocolVersion: A2A_PROTOCOL_VERSION,
      },
    ],
    provider: undefined,
    capabilities: { streaming: false, pushNotifications: false, extendedAgentCard: false, extensions: [] },
    securitySchemes: {},
    securityRequirements: [],
    defaultInputModes: ['text/plain'],
    defaultOutputModes: ['image/png'],
    skills: [],
    signatures: [],
  };

  constructor(
    private readonly video: Client,
    private readonly code: string,
  ) {
    this.rpc = new JsonRpcTransportHandler(
      new DefaultRequestHandler(this.card, new InMemoryTaskStore(), this),
    );
  }

  /** In place of a network between the one who asks and this agent. */
  readonly fetch: typeof fetch = async (input, init) => {
    if (String(input).endsWith('.json')) return Response.json(AgentCard.toJSON(this.card));
    const context = new ServerCallContext({
      user: new UnauthenticatedUser(),
      requestedVersion: A2A_PROTOCOL_VERSION,
    });
    const answer = await this.rpc.handle(String(init?.body), context);
    return Response.json(Symbol.asyncIterator in answer ? (await answer.next()).value : answer);
  };

  async execute({ taskId, contextId, userMessage }: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const status = (state: TaskState, message?: Message) => ({
      state,
      message,
      timestamp: new Date().toISOString(),
    });
    bus.publish(
      AgentEvent.task({
        id: taskId,
        contextId,
        status: status(TaskState.TASK_STATE_WORKING),
        artifacts: [],
        history: [userMessage],
        metadata: undefined,
      }),
    );
    let state = TaskState.TASK_STATE_COMPLETED;
    try {
      const picture = await this.paint();
      const content = { $case: 'raw' as const, value: picture };
      bus.publish(
        AgentEvent.artifactUpdate({
          taskId,
          contextId,
          artifact: {
            artifactId: randomUUID(),
            name: 'picture',
            description: '',
            parts: [{ content, metadata: undefined, filename: 'picture.png', mediaType: 'image/png' }],
            metadata: undefined,
            extensions: [],
          },
          append: false,
          lastChunk: true,
          metadata: undefined,
        }),
      );
    } catch (error) {
      this.said.push(String(error));
      state = TaskState.TASK_STATE_FAILED;
    }
    bus.publish(AgentEvent.statusUpdate({ taskId, contextId, status: status(state), metadata: undefined }));
    bus.finished();
  }

  cancelTask(): Promise<void> {
    return Promise.resolve();
  }

  /** Languages → packages → request → packages → add → connect → look. */
  private async paint(): Promise<Buffer> {
    await this.ask('list_supported_languages');
    const has = async () => {
      const { packages } = dataOf(await this.ask('list_python_packages', { filter: 'shapes' }));
      return Array.isArray(packages) && packages.length > 0;
    };
    if (!(await has())) {
      await this.ask('request_package', { package: 'shapes', reason: 'the picture has shapes in it' });
      if (!(await has())) throw new Error('shapes was to be installed, and is not');
    }
    await this.ask('add_processor', {
      name: 'camera',
      type: 'camera',
      params: { width: 64, height: 48 },
    });
    await this.ask('add_processor', { name: 'effect', code: this.code });
    await this.ask('connect_processors', { from_processor: 'camera', to_processor: 'effect' });
    const picture = pictureOf(await this.ask('snapshot', { port: 'effect.video_out' }));
    if (picture === null) throw new Error('no picture came');
    return picture;
  }

  /** What takes long is there at once as a task, and is asked after. */
  private async ask(skill: string, input: object = {}): Promise<Task> {
    let task = await send(this.video, { $case: 'data', value: { skill, input } }, true);
    const deadline = performance.now() + 90_000;
    while (task.status?.state === TaskState.TASK_STATE_WORKING && performance.now() < deadline)
      task = await this.video.getTask({ tenant: '', id: task.id });
    const ok = task.status?.state === TaskState.TASK_STATE_COMPLETED;
    this.said.push(`${skill}${ok ? '' : `: ${JSON.stringify(task.status)}`}`);
    if (!ok) throw new Error(`${skill} was not done`);
    return task;
  }
}
