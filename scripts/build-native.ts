// Builds the Node addon and puts it where `host-bridge/src/native/addon.ts` looks for it.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const library = process.platform === 'darwin' ? 'libstreamlib_native.dylib' : 'libstreamlib_native.so';
const targetDir = process.env.CARGO_TARGET_DIR ?? join(root, 'target');
const addon = join(root, 'host-bridge', 'dist', 'native', 'streamlib.node');

execFileSync('cargo', ['build', '--release', '--quiet', '-p', 'streamlib-native'], {
  cwd: root,
  stdio: 'inherit',
});

const built = join(targetDir, 'release', library);
if (existsSync(addon) && readFileSync(built).equals(readFileSync(addon))) {
  console.log(`${addon} is up to date`);
} else {
  mkdirSync(dirname(addon), { recursive: true });
  // A running process has the old file mapped: it must be replaced, never written into.
  const fresh = `${addon}.${process.pid}`;
  try {
    copyFileSync(built, fresh);
    renameSync(fresh, addon);
  } finally {
    rmSync(fresh, { force: true });
  }
  console.log(`Built ${addon}`);
}
