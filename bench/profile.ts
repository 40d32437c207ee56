#!/usr/bin/env node
// Where the time of a frame goes: both processes of the benchmark's graph under `perf`, by category and as flame graphs.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { tsx } from '../scripts/lib/paths.js';
import { CommandFailed, run } from '../scripts/lib/run.js';
import { images } from './harness/paths.js';
import { flameGraph } from './profile/flame.js';
import { byCategory, fold } from './profile/fold.js';

const HELP = `node scripts/bootstrap.mjs bench/profile.ts [options]

  --bytes n      size of a frame (6220800: 1080p RGB)
  --paced        60 frames a second, instead of one after the other
  --seconds n    how long each process is looked at (5)
  --write        draw the flame graphs into docs/images, not into .streamlib/bench
  --json         one JSON line instead of tables
`;
const { values: options } = parseArgs({
  options: {
    bytes: { type: 'string', default: '6220800' },
    paced: { type: 'boolean', default: false },
    seconds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
/** Longer than V8 and the caches need to settle. */
const HOT_MS = 4_000;
const SAMPLES_PER_S = '9999';
const work = mkdtempSync(join(tmpdir(), 'streamlib-profile-'));
const loop = fork(new URL('./profile/loop.ts', import.meta.url), [options.bytes, options.paced ? '1' : '0'], {
  execArgv: [...tsx, '--perf-prof'],
  cwd: work,
});

async function ask(what: string) {
  const answer = once(loop, 'message');
  loop.send(what);
  return (await answer)[0];
}

/** Processor time so far, in µs. */
const cpuUs = (pid: number) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;

async function look(name: string, pid: number, cpu: () => Promise<number>) {
  const raw = join(work, `${name}.data`);
  const before = { cpu: await cpu(), frames: (await ask('count')).frames };
  await run('perf', [
    'record',
    '-q',
    '-k',
    'mono',
    '-F',
    SAMPLES_PER_S,
    '-g',
    '-p',
    String(pid),
    '-o',
    raw,
    '--',
    'sleep',
    options.seconds,
  ]);
  const frames = (await ask('count')).frames - before.frames;
  const each = ((await cpu()) - before.cpu) / frames;
  // Code that V8 made has names only in the file that it wrote beside.
  const named = join(work, `${name}.named`);
  await run('perf', ['inject', '--jit', '-i', raw, '-o', named], { cwd: work });
  const stacks = fold(
    await run('perf', ['script', '-i', named, '-F', 'comm,pid,time,event,ip,sym,dso'], { cwd: work }),
  );
  const all = stacks.reduce((sum, { samples }) => sum + samples, 0);
  const parts = byCategory(stacks).map(([category, samples]) => ({
    category,
    us: Math.round((samples / all) * each * 10) / 10,
    share: Math.round((samples / all) * 1000) / 10,
  }));
  return { name, us_per_frame: Math.round(each * 10) / 10, frames, stacks, parts };
}

try {
  await run('perf', ['--version']);
  await once(loop, 'message');
  await new Promise((resolve) => setTimeout(resolve, HOT_MS));
  const { pid } = await ask('pace');
  const sides = [
    await look('runtime', loop.pid ?? 0, async () => (await ask('count')).cpuUs),
    await look('processor', pid, async () => cpuUs(pid)),
  ];
  const folder = options.write ? images : join(images, '..', '..', '.streamlib', 'bench', 'profile');
  mkdirSync(folder, { recursive: true });
  const kind = options.paced ? 'paced' : 'loop';
  for (const { name, stacks } of sides) {
    const what = options.paced ? '60 frames a second' : 'one frame in flight';
    const title = `${name === 'runtime' ? 'The runtime (Node)' : 'The processor (Python)'}, ${options.bytes} B, ${what}`;
    writeFileSync(join(folder, `profile-${kind}-${name}.svg`), flameGraph(stacks, title));
  }
  const report = sides.map(({ stacks: _, ...side }) => side);
  if (options.json)
    process.stdout.write(
      `${JSON.stringify({ bytes: Number(options.bytes), paced: options.paced, sides: report })}\n`,
    );
  else {
    for (const side of report) {
      console.log(`${side.name}: ${side.us_per_frame} µs of processor time a frame (${side.frames} frames)`);
      for (const { category, us, share } of side.parts)
        console.log(
          `  ${category.padEnd(32)} ${us.toFixed(1).padStart(8)} µs ${share.toFixed(1).padStart(6)} %`,
        );
    }
    console.log(`Flame graphs: ${folder}/profile-${kind}-*.svg`);
  }
} catch (error) {
  if (!(error instanceof CommandFailed)) throw error;
  console.error(
    `${error.message}\n${error.lines.slice(-3).join('\n')}\nA profile needs \`perf\` (Debian: apt-get install linux-perf) and the right to use it.`,
  );
  process.exitCode = 1;
} finally {
  if (loop.connected) loop.send('stop');
  await once(loop, 'exit');
  rmSync(work, { recursive: true, force: true });
}
