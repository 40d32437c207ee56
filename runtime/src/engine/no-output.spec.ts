import { describe, expect, it } from 'vitest';
import type { NodeStats } from '../node/state.js';
import { noOutput } from './no-output.js';

const node = (more: Partial<NodeStats> = {}): NodeStats => ({
  type: 'python',
  state: 'stopped',
  failure: null,
  frames_in: 0,
  frames_out: 0,
  dropped: 0,
  dropped_by: {},
  errors: 0,
  failed_calls: 0,
  last_error: null,
  restarts: 0,
  pid: null,
  connection_id: null,
  leases: null,
  latency_ms: null,
  metrics: {},
  inputs: {},
  outputs: {},
  ...more,
});

const line = new Map([
  ['effect', new Set(['camera'])],
  ['probe', new Set(['effect'])],
]);
const camera = node({ frames_out: 61 });
const raised = { errors: 61, failed_calls: 61, last_error: 'ZeroDivisionError: division by zero' };

describe('the ends of a graph at which nothing came out', () => {
  it('are none in a run that did its work, errors at some frames included', () => {
    const nodes = {
      camera,
      effect: node({ frames_in: 61, frames_out: 60, errors: 1, failed_calls: 1 }),
      probe: node({ frames_in: 60, dropped_by: { lost: 2 }, failed_calls: 57 }),
    };
    expect(noOutput(nodes, line)).toEqual([]);
  });

  it.each<[string, Partial<NodeStats>, string]>([
    [
      'every frame raised',
      { frames_in: 61, ...raised },
      'effect raised an exception at each of its frames (61): ZeroDivisionError: division by zero',
    ],
    [
      'setup always fails',
      { restarts: 3, last_error: 'setup failed: FileNotFoundError: model.onnx (exited with code 4)' },
      'the process of effect ended again and again (3 restarts): setup failed: FileNotFoundError: model.onnx (exited with code 4)',
    ],
    [
      'the process crashes at every frame',
      {
        frames_in: 5,
        restarts: 4,
        dropped_by: { lost: 5 },
        last_error: 'the subprocess was killed by SIGSEGV',
      },
      'the process of effect ended again and again (4 restarts): the subprocess was killed by SIGSEGV',
    ],
    [
      'it was given up',
      { failure: 'the subprocess exited with code 3; the end of its stderr:\n  x', restarts: 5 },
      'effect failed: the subprocess exited with code 3',
    ],
    ['it sends nothing', { frames_in: 61 }, 'effect took 61 frames and sent none'],
    [
      'it was not ready in time',
      { dropped: 61, dropped_by: { not_ready: 61 } },
      'effect took none of the 61 frames that were sent to it (not_ready 61)',
    ],
  ])('name the node in the way: %s', (_name, effect, why) => {
    const found = noOutput({ camera, effect: node(effect), probe: node() }, line);
    expect(found).toEqual([{ node: 'probe', message: `nothing came out at probe: ${why}`, failed: true }]);
  });

  it('are those whose own process raised, lost or never took what came', () => {
    const one = new Map([['effect', new Set(['camera'])]]);
    expect(noOutput({ camera, effect: node({ frames_in: 61, ...raised }) }, one)[0]?.message).toContain(
      'nothing came out at effect: effect raised an exception at each of its frames (61)',
    );
    const lost = node({ frames_in: 5, dropped: 5, dropped_by: { lost: 5 }, restarts: 2 });
    expect(noOutput({ camera, effect: lost }, one)).toHaveLength(1);
    const silent = noOutput({ camera: node(), effect: node() }, one);
    expect(silent[0]?.message).toBe('nothing came out at effect: camera sent no frame');
  });

  it('fail a run with several ends only by an error on the way', () => {
    const two = new Map([...line, ['alarm', new Set(['effect'])]]);
    const quiet = { camera, effect: node({ frames_in: 61, frames_out: 61 }), probe: node({ frames_in: 61 }) };
    expect(noOutput({ ...quiet, alarm: node() }, two)).toEqual([
      { node: 'alarm', message: 'nothing came out at alarm: no frame was sent to it', failed: false },
    ]);
    expect(
      noOutput({ ...quiet, alarm: node({ frames_in: 61, ...raised }) }, two).map(({ failed }) => failed),
    ).toEqual([true]);
    expect(noOutput({ ...quiet, probe: node(), alarm: node() }, two).map(({ failed }) => failed)).toEqual([
      true,
      true,
    ]);
  });

  it('go round in no circle, and leave alone what has no connections and no errors', () => {
    const circle = new Map([
      ['a', new Set(['b'])],
      ['b', new Set(['a'])],
      ['end', new Set(['a'])],
    ]);
    expect(noOutput({ a: node(), b: node(), end: node() }, circle)[0]?.message).toMatch(/sent no frame$/);
    expect(noOutput({ worker: node() }, new Map())).toEqual([]);
    expect(noOutput({}, new Map())).toEqual([]);
    expect(noOutput({ worker: node({ failure: 'no' }) }, new Map())).toHaveLength(1);
  });
});
