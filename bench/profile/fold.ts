// What `perf script` prints, counted: stacks, and to whom the time at their top belongs.

/** outermost first; `dso` of the innermost */
export interface Stack {
  frames: string[];
  dso: string;
  samples: number;
}

export function fold(lines: Iterable<string>): Stack[] {
  const stacks: Map<string, Stack> = new Map();
  let stack: { name: string; dso: string }[] = [];
  const finish = () => {
    if (stack.length === 0) return;
    const frames = stack.map(({ name }) => name).reverse();
    const key = frames.join(';');
    const known = stacks.get(key);
    if (known) known.samples++;
    else stacks.set(key, { frames, dso: stack[0]?.dso ?? '', samples: 1 });
    stack = [];
  };
  for (const line of lines) {
    const call = /^\s+[0-9a-f]+ (.*) \((.*)\)$/.exec(line);
    if (call) stack.push({ name: plain(call[1] ?? ''), dso: call[2] ?? '' });
    else if (line.trim() === '') finish();
  }
  finish();
  return [...stacks.values()];
}

/** Without offsets, arguments, paths of files and what says how well V8 compiled it. */
function plain(symbol: string) {
  const name = symbol.replace(/\+0x[0-9a-f]+$/, '');
  const script = /^JS:[~^*+]*(\S*) (?:file:\/\/)?(?:\S*\/)?(\S+?):\d+/.exec(name);
  if (script) return `${script[1] || '(function)'} ${script[2]}`;
  return name.replace(/^Builtin[s_:]+/, 'V8 ').slice(0, 80);
}

/** By the innermost function, then by where it lies. */
const CATEGORIES: readonly (readonly [category: string, name: RegExp, dso: RegExp])[] = [
  [
    'page touches',
    /floor::touch|^touch_|_aligned_|strided|_cast_|ubyte|UBYTE|ULONG_add|reduce/,
    /floor|multiarray/,
  ],
  [
    'kernel: switching and waking',
    /finish_task_switch|schedule|wake|_raw_spin_unlock|idle|rseq|exit_to_user/,
    /kernel/,
  ],
  ['kernel: sockets, polling', /./, /kernel|vdso/],
  ["the bridge's native code", /./, /streamlib\.node|_native/],
  ['numpy', /./, /numpy|multiarray/],
  ["Python's interpreter", /./, /python/],
  ['JavaScript', /./, /jitted|JIT|\.map/],
  ['node and V8', /./, /node$/],
  ['C library', /./, /libc|libm|libstdc|ld-linux|pthread/],
];

/** Samples by category, most first. */
export function byCategory(stacks: readonly Stack[]): [category: string, samples: number][] {
  const sums: Map<string, number> = new Map();
  for (const { frames, dso, samples } of stacks) {
    const top = frames.at(-1) ?? '';
    const found = CATEGORIES.find(([, name, where]) => where.test(dso) && name.test(top));
    const category = found?.[0] ?? 'other';
    sums.set(category, (sums.get(category) ?? 0) + samples);
  }
  return [...sums].sort((a, b) => b[1] - a[1]);
}
