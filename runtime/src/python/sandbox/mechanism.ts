import type { SandboxSettings } from '../../base/settings/schema.js';

export type Mechanism = 'landlock' | 'bubblewrap' | 'seatbelt';

/** What a machine offers. A program is told by its path, or by why it is of no use. */
export interface Support {
  readonly landlock: number;
  readonly seccomp: boolean;
  readonly bubblewrap: Program;
  readonly seatbelt: Program;
}

export type Program = { readonly path: string } | { readonly lacking: string };

export type Choice =
  | { readonly mechanism: Mechanism; readonly name: string; readonly note: string; readonly program: string }
  | { readonly lacking: string };

/** What people are told. */
const NAMES: Record<Mechanism, string> = {
  landlock: 'landlock+seccomp',
  bubblewrap: 'bubblewrap+seccomp',
  seatbelt: 'seatbelt',
};

/** The first that can be had, or the one that the settings name. Pure. */
export function chooseMechanism(
  support: Support | string,
  platform: NodeJS.Platform,
  wanted: SandboxSettings['mechanism'],
): Choice {
  if (typeof support === 'string') return { lacking: `no sandbox can be had: ${support}` };
  const here: readonly Mechanism[] =
    platform === 'linux' ? ['landlock', 'bubblewrap'] : platform === 'darwin' ? ['seatbelt'] : [];
  const tried = wanted === 'auto' ? here : here.filter((mechanism) => mechanism === wanted);
  if (tried.length === 0) {
    const what = wanted === 'auto' ? `there is none for ${platform}` : `there is no ${wanted} on ${platform}`;
    return { lacking: `no sandbox can be had: ${what}` };
  }
  const reasons: string[] = [];
  for (const mechanism of tried) {
    const lacking = lacks(mechanism, support);
    if (lacking !== null) {
      reasons.push(lacking);
      continue;
    }
    const program = mechanism === 'landlock' ? null : support[mechanism];
    return {
      mechanism,
      name: NAMES[mechanism],
      note: mechanism === 'landlock' ? `Landlock ABI ${support.landlock}` : reasons.join('; '),
      program: program !== null && 'path' in program ? program.path : '',
    };
  }
  return { lacking: `no sandbox can be had: ${reasons.join('; ')}` };
}

function lacks(mechanism: Mechanism, support: Support): string | null {
  if (mechanism === 'seatbelt') return 'lacking' in support.seatbelt ? support.seatbelt.lacking : null;
  if (!support.seccomp) return 'this kernel cannot filter system calls (seccomp)';
  if (mechanism === 'bubblewrap') return 'lacking' in support.bubblewrap ? support.bubblewrap.lacking : null;
  if (support.landlock >= 1) return null;
  return 'this kernel has no Landlock, or was started without it (it belongs into the kernel parameter lsm=)';
}
