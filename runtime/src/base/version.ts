import { readFileSync } from 'node:fs';

/** From this package's own manifest, so that it is written in one place. */
export const VERSION: string = (() => {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : '0';
})();
