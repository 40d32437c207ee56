import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../main.js';
import { RecordedIo } from '../testing/recorded-io.js';

async function command(...args: string[]) {
  const io = new RecordedIo();
  const code = await runCommand(args, io);
  return { code, out: io.outLines.join('\n'), err: io.errLines.join('\n') };
}

describe('streamlib types', () => {
  it('lists what comes with StreamLib, with ports and parameters', async () => {
    const { code, out } = await command('types');
    expect(code).toBe(0);
    expect(out).toMatch(/^camera +- +video: VideoFrame +source, loop, .*@streamlib\/media/m);
    expect(out).toMatch(/^python /m);
  });

  it('lists it as JSON', async () => {
    const { code, out } = await command('types', '--json');
    expect(code).toBe(0);
    const { types } = JSON.parse(out);
    expect(types).toContainEqual(
      expect.objectContaining({ type: 'display', inputs: { video: 'VideoFrame' }, outputs: {} }),
    );
  });

  it('has examples in its help, as inspect has', async () => {
    for (const name of ['types', 'inspect']) {
      const { code, out } = await command(name, '--help');
      expect(code).toBe(0);
      expect(out).toContain(`$ streamlib ${name}`);
    }
  });
});

describe('streamlib inspect', () => {
  it('shows ports, parameters with their markers, and examples', async () => {
    const { code, out } = await command('inspect', 'camera');
    expect(code).toBe(0);
    expect(out).toContain('output video: VideoFrame {');
    expect(out).toMatch(/source: .*"kind":"file"/);
    expect(out).toContain('{ node_type: camera, params: {"source":"test-pattern","fps":30} }');
  });

  it('says which types there are instead of one that there is not, and ends with 2', async () => {
    const { code, err } = await command('inspect', 'camra');
    expect(code).toBe(2);
    expect(err).toContain('did you mean "camera"?');
  });

  it('ends with 2 for a file that there is not', async () => {
    const { code, err } = await command('inspect', fileURLToPath(new URL('nowhere.py', import.meta.url)));
    expect(code).toBe(2);
    expect(err).toContain('there is no file');
  });
});
