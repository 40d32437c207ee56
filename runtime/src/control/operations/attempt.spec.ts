import { describe, expect, it } from 'vitest';
import { type ErrorReason, StreamlibError, type StreamlibErrorCode } from '../../base/streamlib-error.js';
import type { ControlContext, Origin } from '../operation.js';
import { attempt } from './attempt.js';

/** What is advised after a failure. */
async function advice(
  code: StreamlibErrorCode,
  message: string,
  origin: Origin = 'user',
  reason?: ErrorReason,
): Promise<string> {
  const context = { origin, code: { forget: () => {} } } as unknown as ControlContext;
  const failing = attempt(context, null, () => Promise.reject(new StreamlibError(code, message, { reason })));
  const error: unknown = await failing.catch((thrown: unknown) => thrown);
  return (error as { next: string }).next;
}

describe('what is advised', () => {
  it.each([
    ['camera: unknown parameter "widht"; did you mean "width"?', 'parameter'],
    ['camera: parameter "width": invalid input: expected number, received string', 'parameter'],
    ['camera: there is no file /nowhere.mp4; the old one goes on', 'old_kept'],
    ['whatever the sentence is', 'parameter'],
  ] as const)(
    'of a wrong parameter is to correct it, not to look at the names of ports: %s',
    async (message, reason) => {
      expect(await advice('graph', message, 'user', reason)).toBe(
        'Correct its parameters; nothing was changed.',
      );
      expect(await advice('graph', message, 'agent', reason)).toMatch(
        /^Correct its parameters, list_processors/,
      );
    },
  );

  it('of an input that is taken is to part it first', async () => {
    expect(await advice('graph', 'any words', 'agent', 'input_taken')).toMatch(/disconnect_processors/);
  });

  it('to a user names no tool that only agents have', async () => {
    for (const message of ['unknown node type "nope"; known: camera', 'x: setup failed'])
      for (const code of ['graph', 'config', 'subprocess'] as const)
        expect(await advice(code, message)).not.toContain('list_processors');
    expect(await advice('graph', 'unknown node type "nope"', 'user', 'unknown_type')).not.toContain(
      'list_processors',
    );
    expect(await advice('graph', 'unknown node type "nope"', 'agent', 'unknown_type')).toContain(
      'list_processors',
    );
  });

  it('does not say that nothing was changed where the old one did not come up again', async () => {
    const next = await advice('graph', 'there is no file', 'user', 'old_not_back');
    expect(next).toMatch(/it is not running now/);
    expect(next).not.toContain('nothing was changed');
  });

  it('of a name that is not in the graph is to look at the graph', async () => {
    expect(await advice('graph', 'connections: unknown node "snik"')).toContain('get_graph');
  });
});
