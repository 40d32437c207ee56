import { openSandbox } from '../harness/sandbox.js';
import { tellTimes } from './figures.js';

const sandbox = await openSandbox();
const { roundTrips } = await import('./round-trips.js');
for (const stages of [1, 4, 8]) {
  const { times } = await roundTrips(stages, 1);
  tellTimes(`${stages} ${stages === 1 ? 'stage' : 'stages'}, source to sink`, times);
}
await sandbox.close();
process.exit(0);
