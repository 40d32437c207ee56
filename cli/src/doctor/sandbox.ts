import type { SandboxState } from '@streamlib/runtime';
import type { Palette } from '../output/palette.js';

/** In which sandbox code from outside runs here. No trouble by itself: nobody may want to run any. */
export async function sandboxState(): Promise<SandboxState> {
  const { describeSandbox } = await import('@streamlib/runtime');
  return describeSandbox();
}

export function sandboxLine({ mechanism, available, detail }: SandboxState, palette: Palette): string {
  return available
    ? `${palette.green('✓')}  sandbox for code from outside: ${mechanism}  ${palette.dim(detail)}`
    : `${palette.dim('–')}  sandbox for code from outside: ${mechanism}  ${detail}`;
}
