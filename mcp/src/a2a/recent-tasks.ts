import { type Task, TaskState } from '@a2a-js/sdk';
import { InMemoryTaskStore, type TaskStore } from '@a2a-js/sdk/server';

const OVER: readonly (TaskState | undefined)[] = [
  TaskState.TASK_STATE_COMPLETED,
  TaskState.TASK_STATE_FAILED,
  TaskState.TASK_STATE_CANCELED,
  TaskState.TASK_STATE_REJECTED,
];
const MOST_TASKS = 100;
/** A task that looked at a port has the picture in it. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** The tasks that are under way and those that ended last: a server that runs for weeks cannot keep them all. */
export class RecentTasks implements TaskStore {
  /** In the order in which they ended. */
  private readonly over = new Map<string, { readonly task: Task; readonly size: number }>();
  private readonly underWay = new Map<string, Task>();
  private size = 0;

  constructor(
    private readonly mostTasks = MOST_TASKS,
    private readonly mostCharacters = MOST_CHARACTERS,
  ) {}

  load: TaskStore['load'] = async (id) => {
    const task = this.underWay.get(id) ?? this.over.get(id)?.task;
    return task && structuredClone(task);
  };

  save: TaskStore['save'] = async (task) => {
    this.forget(task.id);
    if (!OVER.includes(task.status?.state)) {
      this.underWay.set(task.id, structuredClone(task));
      return;
    }
    const size = JSON.stringify(task).length;
    this.over.set(task.id, { task: structuredClone(task), size });
    this.size += size;
    for (const id of this.over.keys()) {
      const few = this.over.size <= this.mostTasks && this.size <= this.mostCharacters;
      // Whoever asked for the newest is about to fetch it.
      if (few || id === task.id) break;
      this.forget(id);
    }
  };

  /** Pages and filters as the SDK's own store does. */
  list: TaskStore['list'] = async (params, context) => {
    const all = new InMemoryTaskStore();
    for (const { task } of this.over.values()) await all.save(task, context);
    for (const task of this.underWay.values()) await all.save(task, context);
    return all.list(params, context);
  };

  private forget(id: string): void {
    this.underWay.delete(id);
    this.size -= this.over.get(id)?.size ?? 0;
    this.over.delete(id);
  }
}
