import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkout, type World } from '../harness/world.js';

/** Wheels in a folder, and settings under which just these may be installed from it without anybody being asked. */
export function allowShapes(world: World, folder: string): void {
  const wheels = join(folder, 'wheels');
  const python = join(String(world.sandbox.env.STREAMLIB_VENV), 'bin', 'python');
  const script = join(checkout, 'runtime/src/python/environment/testing/make_packages.py');
  execFileSync(python, [script, wheels, JSON.stringify([{ name: 'shapes', version: '2.0' }])]);
  mkdirSync(world.sandbox.home, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(world.sandbox.home, 'streamlib.yaml'),
    `packages: { strategy: AllowList, allow: [shapes], find_links: [${wheels}], keep_free_mb: 0 }\n`,
  );
}
