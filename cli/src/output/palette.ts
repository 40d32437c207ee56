export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const paint = (open: number, close: number) => (text: string) => `\x1b[${open}m${text}\x1b[${close}m`;
const plain = (text: string) => text;

export const PLAIN: Palette = {
  bold: plain,
  dim: plain,
  red: plain,
  green: plain,
  yellow: plain,
  cyan: plain,
};

export const COLOURED: Palette = {
  bold: paint(1, 22),
  dim: paint(2, 22),
  red: paint(31, 39),
  green: paint(32, 39),
  yellow: paint(33, 39),
  cyan: paint(36, 39),
};

/** Colour on a terminal only. NO_COLOR (any value but empty) turns it off, FORCE_COLOR on, as people know it from other tools. */
export function paletteFor(isTerminal: boolean, env: NodeJS.ProcessEnv): Palette {
  if (env.NO_COLOR) return PLAIN;
  if (env.FORCE_COLOR && env.FORCE_COLOR !== '0') return COLOURED;
  return understandsEscapes(isTerminal, env) ? COLOURED : PLAIN;
}

/** Whether lines can be drawn over again, and colours be seen. */
export function understandsEscapes(isTerminal: boolean, env: NodeJS.ProcessEnv): boolean {
  return isTerminal && env.TERM !== 'dumb';
}

/** In the colour of how well it is. */
export function paintState(state: string, palette: Palette): string {
  if (state === 'ready' || state === 'running' || state === 'healthy' || state === 'finished')
    return palette.green(state);
  if (state === 'failed' || state === 'not running') return palette.red(state);
  if (state === 'closed' || state === 'stopped') return palette.dim(state);
  return palette.yellow(state);
}

/** The escape sequences that `COLOURED` writes, and no others. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
export const COLOURS = /\x1b\[(?:1|2|22|31|32|33|36|39)m/g;

export function visibleLength(text: string): number {
  return text.replace(COLOURS, '').length;
}
