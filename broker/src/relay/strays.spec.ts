import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeStrays } from './strays.js';

it('paths of listeners whose process is dead go, once they are old; everything else stays', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamlib-strays-'));
  const names = ['.11-0', '.12-3', 'relay.sock', '.11-x'];
  const servers = await Promise.all(
    names.map(
      (name) =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer();
          server.listen(join(folder, name), () => resolve(server));
        }),
    ),
  );
  writeFileSync(join(folder, '.11-9'), 'no socket');
  const sweep = (later: number) =>
    removeStrays(join(folder, 'relay.sock'), (pid) => pid === 12, Date.now() + later);
  try {
    expect(sweep(0)).toBe(0);
    expect(sweep(11_000)).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(['.11-9', '.11-x', '.12-3', 'relay.sock']);
    expect(removeStrays('/nowhere/at/all.sock', () => false)).toBe(0);
  } finally {
    for (const server of servers) server.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
