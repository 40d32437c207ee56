import { isRunning } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { DescriptorLimit } from '../../../host-bridge/src/testing/descriptors.js';
import { Child, type ChildExit, describeExit } from './child.js';

interface Started {
  readonly child: Child;
  readonly exit: Promise<ChildExit>;
  /** Settles with the first line that matches. */
  line(pattern: RegExp): Promise<string>;
}

function start(script: string): Started {
  const lines: string[] = [];
  const waiting: { pattern: RegExp; resolve: (line: string) => void }[] = [];
  let exited: (exit: ChildExit) => void = () => {};
  const exit = new Promise<ChildExit>((resolve) => {
    exited = resolve;
  });
  const child = new Child({
    command: '/bin/sh',
    args: ['-c', script],
    env: process.env,
    onLine: (_stream, line) => {
      lines.push(line);
      for (const { pattern, resolve } of waiting) if (pattern.test(line)) resolve(line);
    },
    onExit: (end) => exited(end),
  });
  return {
    child,
    exit,
    line: (pattern) =>
      new Promise((resolve) => {
        const known = lines.find((line) => pattern.test(line));
        if (known === undefined) waiting.push({ pattern, resolve });
        else resolve(known);
      }),
  };
}

describe('Child', () => {
  it('tells the exit code with the last lines of stderr', async () => {
    const { exit } = start('for i in $(seq 1 30); do echo "line $i" >&2; done; exit 3');
    const end = await exit;
    expect(describeExit(end)).toBe('exited with code 3');
    expect(end.stderrTail).toHaveLength(20);
    expect(end.stderrTail.at(-1)).toBe('line 30');
  });

  it('tells a command that does not exist', async () => {
    const exit = await new Promise<ChildExit>((resolve) => {
      new Child({ command: '/nowhere/python', args: [], env: {}, onLine: () => {}, onExit: resolve });
    });
    expect(describeExit(exit)).toMatch(/^could not be started: .*ENOENT/);
  });

  it.runIf(process.platform === 'linux')(
    'a runtime without descriptors is told so by every kind of child, and does not end',
    async () => {
      const descriptors = new DescriptorLimit();
      const kinds = [{}, { secret: 'a token' }, { waits: true }];
      try {
        const ends = await descriptors.starve(() =>
          Promise.all(
            kinds.map(
              (kind) =>
                new Promise<ChildExit>((onExit) => {
                  const child = new Child({
                    command: '/bin/sh',
                    args: [],
                    env: {},
                    onLine: () => {},
                    onExit,
                    ...kind,
                  });
                  child.signalGroup('SIGKILL');
                  expect(child.pid).toBeNull();
                }),
            ),
          ),
        );
        for (const end of ends) expect(describeExit(end)).toMatch(/^could not be started: .*EMFILE/);
      } finally {
        descriptors.close();
      }
      expect(describeExit(await start('exit 0').exit)).toBe('exited with code 0');
    },
  );

  it('signals the whole group', async () => {
    const { child, exit, line } = start('sleep 1000 & echo "grandchild $!"; wait');
    const grandchild = Number((await line(/grandchild/)).split(' ')[1]);
    expect(isRunning(grandchild)).toBe(true);
    child.signalGroup('SIGKILL');
    expect((await exit).signal).toBe('SIGKILL');
    await expect.poll(() => isRunning(grandchild)).toBe(false);
  });

  it('does not wait for a grandchild that holds its pipes, and does not leave it behind', async () => {
    const { exit, line } = start('sleep 1000 & echo "grandchild $!"; exit 0');
    const grandchild = Number((await line(/grandchild/)).split(' ')[1]);
    expect((await exit).code).toBe(0);
    await expect.poll(() => isRunning(grandchild)).toBe(false);
  });
});
