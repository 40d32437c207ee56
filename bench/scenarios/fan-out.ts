import { openSandbox } from '../harness/sandbox.js';
import { tellTimes } from './figures.js';

const sandbox = await openSandbox();
const { roundTrips } = await import('./round-trips.js');
for (const readers of [1, 4, 8]) {
  const { times, sending } = await roundTrips(1, readers);
  const name = `${readers} ${readers === 1 ? 'reader' : 'readers'}`;
  tellTimes(`${name}: writing the pages and handing the frame to all`, sending);
  tellTimes(`${name}: until all have answered`, times);
}
await sandbox.close();
process.exit(0);
