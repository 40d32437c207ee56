// Subjects of commits are short enough to be read in a list (CONTRIBUTING.md). Part of `npm run check`.
import { NOT_RUN } from './lib/audit.js';
import { longSubjects, readLog } from './lib/commits.js';
import { CommandFailed, run } from './lib/run.js';

/** The rule begins after this commit. */
const BASE = '6c013787b4207ad2304a9d2068504c07675d5bbf';

async function check(): Promise<number> {
  try {
    await run('git', ['merge-base', '--is-ancestor', BASE, 'HEAD']);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    // A shallow clone, or no clone at all.
    console.log(`commit ${BASE.slice(0, 7)}, after which the rule begins, is not in the history here`);
    return NOT_RUN;
  }
  const commits = readLog(await run('git', ['log', '--no-merges', '--format=%h%x09%s', `${BASE}..HEAD`]));
  const long = longSubjects(commits);
  for (const line of long) console.log(line);
  console.log(`${commits.length} commits since ${BASE.slice(0, 7)}`);
  return long.length === 0 ? 0 : 1;
}

process.exitCode = await check();
