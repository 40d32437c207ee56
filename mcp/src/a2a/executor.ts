import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Message, type Part, Role, type Task, TaskState } from '@a2a-js/sdk';
import {
  AgentEvent,
  type AgentExecutor,
  type ExecutionEventBus,
  type RequestContext,
} from '@a2a-js/sdk/server';
import { type ControlApi, ControlError, toControlError } from '@streamlib/runtime';
import type { ToolOptions } from '../grants.js';

/** An installation has no event that crosses processes. */
const LOOK_AGAIN_MS = 500;
const UNDER_WAY = ['pending', 'approved', 'installing'];

interface Asked {
  readonly skill: string;
  readonly input: Record<string, unknown>;
}

/** Does what another agent asks for, as a task: at once, or, where a person or an installer has to be waited for, when it has happened. */
export class SkillExecutor implements AgentExecutor {
  private readonly running = new Map<
    string,
    { readonly abort: AbortController; readonly ended: Promise<void> }
  >();

  constructor(
    private readonly control: ControlApi,
    private readonly granted: ToolOptions,
  ) {}

  async execute(context: RequestContext, bus: ExecutionEventBus): Promise<void> {
    const { taskId, contextId } = context;
    const abort = new AbortController();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.running.set(taskId, { abort, ended });
    const told = new Telling(bus, taskId, contextId);
    told.begin(context.userMessage);
    try {
      const { skill, input } = readMessage(context.userMessage);
      const result = await this.call(skill, input, abort.signal);
      told.end(TaskState.TASK_STATE_COMPLETED, skill, await this.settled(skill, result, told, abort.signal));
    } catch (thrown) {
      if (abort.signal.aborted) told.end(TaskState.TASK_STATE_CANCELED, 'canceled', {});
      else told.fail(thrown);
    } finally {
      this.running.delete(taskId);
      bus.finished();
      end();
    }
  }

  /** Settles when the task has said that it is canceled, or that it was faster. */
  async cancelTask(taskId: string): Promise<void> {
    const running = this.running.get(taskId);
    running?.abort.abort();
    await running?.ended;
  }

  private call(skill: string, input: object, signal: AbortSignal): Promise<Record<string, unknown>> {
    return this.control.call(skill, input, { origin: 'agent', ...this.granted, signal });
  }

  /** A request for a package is done when it is installed, denied or failed. */
  private async settled(
    skill: string,
    result: Record<string, unknown>,
    told: Telling,
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
    let record = result;
    while (skill === 'request_package' && UNDER_WAY.includes(String(record.status))) {
      told.working(`${record.package} is ${record.status}: ${record.detail}`);
      await pause(LOOK_AGAIN_MS, undefined, { signal });
      record = await this.call('get_package_status', { package: record.id }, signal);
    }
    return record;
  }
}

/** The events of one task. */
class Telling {
  constructor(
    private readonly bus: ExecutionEventBus,
    private readonly taskId: string,
    private readonly contextId: string,
  ) {}

  begin(message: Message): void {
    const task: Task = {
      id: this.taskId,
      contextId: this.contextId,
      status: {
        state: TaskState.TASK_STATE_WORKING,
        message: undefined,
        timestamp: new Date().toISOString(),
      },
      artifacts: [],
      history: [message],
      metadata: undefined,
    };
    this.bus.publish(AgentEvent.task(task));
  }

  working(text: string): void {
    this.status(TaskState.TASK_STATE_WORKING, [textPart(text)]);
  }

  end(state: TaskState, name: string, result: Record<string, unknown>): void {
    const { png_base64: picture, ...rest } = result;
    const parts: Part[] = [dataPart(rest)];
    if (typeof picture === 'string')
      parts.push(part({ $case: 'raw', value: Buffer.from(picture, 'base64') }, 'image/png', `${name}.png`));
    this.bus.publish(
      AgentEvent.artifactUpdate({
        taskId: this.taskId,
        contextId: this.contextId,
        artifact: {
          artifactId: randomUUID(),
          name,
          description: '',
          parts,
          metadata: undefined,
          extensions: [],
        },
        append: false,
        lastChunk: true,
        metadata: undefined,
      }),
    );
    this.status(state, []);
  }

  fail(thrown: unknown): void {
    const error = toControlError(thrown);
    const rejected = error.code === 'denied' || error.code === 'invalid' || error.code === 'not_found';
    const state = rejected ? TaskState.TASK_STATE_REJECTED : TaskState.TASK_STATE_FAILED;
    this.status(state, [
      textPart(`${error.code}: ${error.message}\nNext: ${error.next}`),
      dataPart(error.toJSON()),
    ]);
  }

  private status(state: TaskState, parts: Part[]): void {
    const message: Message = {
      messageId: randomUUID(),
      contextId: this.contextId,
      taskId: this.taskId,
      role: Role.ROLE_AGENT,
      parts,
      metadata: undefined,
      extensions: [],
      referenceTaskIds: [],
    };
    this.bus.publish(
      AgentEvent.statusUpdate({
        taskId: this.taskId,
        contextId: this.contextId,
        status: {
          state,
          message: parts.length > 0 ? message : undefined,
          timestamp: new Date().toISOString(),
        },
        metadata: undefined,
      }),
    );
  }
}

function readMessage({ parts }: Message): Asked {
  for (const { content } of parts) {
    const value: unknown = content?.$case === 'data' ? content.value : undefined;
    if (typeof value !== 'object' || value === null || !('skill' in value)) continue;
    const { skill, input } = value as { skill: unknown; input?: unknown };
    if (typeof skill === 'string')
      return {
        skill,
        input: typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {},
      };
  }
  throw new ControlError(
    'invalid',
    'the message names no skill',
    'Send one data part: {"skill": "list_processors", "input": {}}; the agent card lists the skills.',
  );
}

function part(content: NonNullable<Part['content']>, mediaType: string, filename = ''): Part {
  return { content, metadata: undefined, filename, mediaType };
}

const textPart = (text: string) => part({ $case: 'text', value: text }, 'text/plain');
const dataPart = (value: unknown) => part({ $case: 'data', value }, 'application/json');
