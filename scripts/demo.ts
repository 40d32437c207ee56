#!/usr/bin/env node
// `npm run demo -- ARGS`: sets up what is not yet, then runs the first example; ARGS go to `streamlib run`.
import { join } from 'node:path';
import { streamlib } from './lib/dev-env.js';
import { root } from './lib/paths.js';
import { tell } from './lib/steps.js';
import { setUp } from './setup.js';

try {
  await setUp();
  process.exitCode = await streamlib([
    'run',
    join(root, 'examples/camera-python-display/graph.yaml'),
    ...process.argv.slice(2),
  ]);
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
