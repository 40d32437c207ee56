import { dirname } from 'node:path';
import { ROOM, type SpareStart } from '../spare/spare-process.js';
import { spareArguments } from './policy.js';

/** What the handshake and the interpreter need. Memory of a process that confines itself later holds what it began with. */
const NEEDED =
  /^(?:STREAMLIB_|LC_|XDG_RUNTIME_DIR$|PATH$|LANG$|LANGUAGE$|TZ$|HOME$|TMPDIR$|PYTHONUNBUFFERED$)/;
const SECRET = /TOKEN$|SECRET|PASSWORD|KEY$/;

export function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => NEEDED.test(name) && !SECRET.test(name)));
}

/** A process that imports what processors need, does the handshake when it has a job, and then confines itself. */
export const confinedSpare: SpareStart = (python) => ({
  args: [...spareArguments(dirname(dirname(python))), ROOM],
  env: {
    ...withoutSecrets(process.env),
    STREAMLIB_HOST_PID: String(process.pid),
    PYTHONUNBUFFERED: '1',
    // Its threads would stay outside the walls.
    OPENBLAS_NUM_THREADS: '1',
    OMP_NUM_THREADS: '1',
  },
});
