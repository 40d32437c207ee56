// Dependencies point one way: `scripts/direction/table.ts` says which. Part of `npm run check`.
import { checkDirection } from './direction/check.js';
import { root, tool } from './lib/paths.js';

const found = checkDirection(root, tool('python'));
for (const line of found) console.log(line);
if (found.length === 0) console.log('every import points down');
process.exitCode = found.length === 0 ? 0 : 1;
