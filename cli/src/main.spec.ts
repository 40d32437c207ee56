import { describe, expect, it } from 'vitest';
import { COMMANDS, runCommand } from './main.js';
import { RecordedIo } from './testing/recorded-io.js';

describe('what the control API advises', () => {
  it.each([...new Set(Object.values(COMMANDS))])('streamlib %s is a command', async (command) => {
    const words = command.split(' ');
    const io = new RecordedIo();
    const path = words.filter((word) => !word.startsWith('-'));
    expect(await runCommand([...path, '--help'], io)).toBe(0);
    const help = io.outLines.join('\n');
    expect(help).toContain(`Usage: streamlib ${path.join(' ')}`);
    for (const option of words.filter((word) => word.startsWith('-'))) expect(help).toContain(option);
  });
});
