import { expect, it } from 'vitest';
import { flameGraph } from './flame.js';
import { byCategory, fold } from './fold.js';

const PRINTED = `node 7 1.0:     1 cpu-clock:
\t  55 floor::touch_write+0x10 (/x/floor.node)
\t  66 JS:*send file:///work/graph.mjs:46:16+0x2 (/tmp/jitted-7-1.so)
\t  77 uv_run+0x1 (/usr/bin/node)

node 7 1.1:     1 cpu-clock:
\tffffffff81 finish_task_switch.isra.0+0x8 ([kernel.kallsyms])
\t  77 uv_run+0x9 (/usr/bin/node)

node 7 1.2:     1 cpu-clock:
\t  55 floor::touch_write+0x40 (/x/floor.node)
\t  66 JS:^send file:///work/graph.mjs:46:16+0x7 (/tmp/jitted-7-1.so)
\t  77 uv_run+0x1 (/usr/bin/node)
`.split('\n');

it('counts equal stacks together, outermost first', () => {
  expect(fold(PRINTED)).toEqual([
    { frames: ['uv_run', 'send graph.mjs', 'floor::touch_write'], dso: '/x/floor.node', samples: 2 },
    { frames: ['uv_run', 'finish_task_switch.isra.0'], dso: '[kernel.kallsyms]', samples: 1 },
  ]);
});

it('says to whom the time belongs', () => {
  expect(byCategory(fold(PRINTED))).toEqual([
    ['page touches', 2],
    ['kernel: switching and waking', 1],
  ]);
});

it('draws each function once above its caller, as wide as its share', () => {
  const svg = flameGraph(fold(PRINTED), 'the title');
  expect(svg.match(/<title>uv_run/g)).toHaveLength(1);
  expect(svg).toContain('<title>floor::touch_write: 66.7 %</title>');
  expect(svg).toContain('the title');
});
