import { describe, expect, it } from 'vitest';
import { runCommand } from './main.js';
import { RecordedIo } from './testing/recorded-io.js';

async function command(...args: string[]) {
  const io = new RecordedIo();
  const code = await runCommand(args, io);
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

describe('streamlib', () => {
  it('prints help with examples and exit codes', async () => {
    const { code, out } = await command('--help');
    expect(code).toBe(0);
    expect(out).toContain('Examples:');
    expect(out).toMatch(/3 {4}the broker is not running/);
  });

  it('prints its version', async () => {
    const { code, out } = await command('--version');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+/);
  });

  it.each([
    [['frobnicate'], "unknown command 'frobnicate'"],
    [['broker', 'frobnicate'], "unknown command 'frobnicate'"],
    [['run'], "missing required argument 'graph'"],
    [['run', 'graph.yaml', '--durration', '1s'], "unknown option '--durration'"],
    [['run', 'graph.yaml', '--duration', 'soon'], '"soon" is not a duration'],
    [['run', 'graph.yaml', '--level', 'loud'], '"loud" is not a level'],
    [['broker', 'logs', '-n', 'many'], '"many" is not a number of lines'],
  ])('refuses %j with exit code 2', async (args, message) => {
    const { code, out, err } = await command(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe('');
  });

  it('suggests the command that was meant', async () => {
    expect((await command('valdate', 'x')).err).toContain('Did you mean validate?');
  });
});
