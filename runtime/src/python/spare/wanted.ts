import { StreamlibError } from '../../base/streamlib-error.js';
import { MOST_SPARES } from './pool.js';

export interface SpareWishes {
  /** How many; takes precedence over `spareProcess`. */
  readonly spareProcesses?: number | undefined;
  /** False: none. */
  readonly spareProcess?: boolean | undefined;
}

/**
 * How many spare processes are kept for each Python environment. `STREAMLIB_SPARE` decides where it is set: a number, `0` for
 * machines on which memory is dearer than a fast start; then what the program asks for; then the setting.
 */
export function sparesWanted(wishes: SpareWishes, setting: () => number = () => 1): number {
  const named = process.env.STREAMLIB_SPARE;
  if (named !== undefined && named !== '') {
    if (/^(?:off|no|false)$/i.test(named)) return 0;
    return /^\d+$/.test(named) ? Math.min(MOST_SPARES, Number(named)) : 1;
  }
  const { spareProcesses, spareProcess } = wishes;
  if (spareProcesses === undefined) return spareProcess === false ? 0 : setting();
  if (!Number.isInteger(spareProcesses) || spareProcesses < 0 || spareProcesses > MOST_SPARES)
    throw new StreamlibError(
      'config',
      `spareProcesses is ${spareProcesses}; give a whole number from 0 to ${MOST_SPARES}`,
    );
  return spareProcesses;
}
