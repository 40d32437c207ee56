import { type Task, TaskState } from '@a2a-js/sdk';
import { ServerCallContext, UnauthenticatedUser } from '@a2a-js/sdk/server';
import { describe, expect, it } from 'vitest';
import { RecentTasks } from './recent-tasks.js';

const context = new ServerCallContext({ user: new UnauthenticatedUser() });

function task(id: string, state: TaskState, text = ''): Task {
  const artifacts = text === '' ? [] : [{ artifactId: id, name: text, parts: [] }];
  return {
    id,
    contextId: 'c',
    status: { state, timestamp: '2026-01-01T00:00:00Z' },
    artifacts,
    history: [],
  } as unknown as Task;
}
const { TASK_STATE_COMPLETED: COMPLETED, TASK_STATE_FAILED: FAILED, TASK_STATE_WORKING: WORKING } = TaskState;

async function known(tasks: RecentTasks, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, n) => `t${n}`);
  const found = await Promise.all(ids.map((id) => tasks.load(id, context)));
  return ids.filter((_, n) => found[n] !== undefined);
}

describe('the tasks of other agents', () => {
  it('are not kept for ever: the last that ended, and all that are under way', async () => {
    const tasks = new RecentTasks(3);
    await tasks.save(task('t0', WORKING), context);
    for (let n = 1; n < 10; n++) {
      await tasks.save(task(`t${n}`, WORKING), context);
      await tasks.save(task(`t${n}`, n % 2 === 0 ? COMPLETED : FAILED), context);
    }
    expect(await known(tasks, 10)).toEqual(['t0', 't7', 't8', 't9']);
    await tasks.save(task('t0', COMPLETED), context);
    expect(await known(tasks, 10)).toEqual(['t0', 't8', 't9']);
  });

  it('give way to newer ones by their size too, but never the newest', async () => {
    const tasks = new RecentTasks(100, 10_000);
    for (let n = 0; n < 5; n++) await tasks.save(task(`t${n}`, COMPLETED, 'x'.repeat(4_000)), context);
    expect(await known(tasks, 5)).toEqual(['t3', 't4']);
    await tasks.save(task('t5', COMPLETED, 'x'.repeat(20_000)), context);
    expect(await known(tasks, 6)).toEqual(['t5']);
  });

  it('are listed, and what was handed out is a copy', async () => {
    const tasks = new RecentTasks();
    await tasks.save(task('t0', COMPLETED), context);
    await tasks.save(task('t1', WORKING), context);
    const listed = await tasks.list({ contextId: 'c' } as Parameters<typeof tasks.list>[0], context);
    expect(listed.tasks.map(({ id }) => id).sort()).toEqual(['t0', 't1']);
    const one = await tasks.load('t0', context);
    if (one !== undefined) one.contextId = 'other';
    expect((await tasks.load('t0', context))?.contextId).toBe('c');
  });
});
