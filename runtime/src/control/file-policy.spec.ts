import type { ProcessorDefinition } from '@streamlib/processor';
import { filePath } from '@streamlib/processor';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkAgentParams } from './file-policy.js';

const camera = {
  type: 'camera',
  config: z.object({ source: filePath({ except: ['test-pattern'] }) }),
} as unknown as ProcessorDefinition;
const asked = (source: string) => checkAgentParams(camera, { source }, ['/granted']);

describe('what an agent may name as a camera', () => {
  it.each(['device:0', 'device:12', '/dev/video3', 'test-pattern'])('%s', (source) => {
    expect(asked(source)).toEqual({ source });
  });

  it.each([
    'device:/etc/passwd',
    'device:',
    'device:0:1',
    'device:0\n',
    'device:../secret',
    '/dev/video',
    '/dev/video0/../mem',
    'http://127.0.0.1/',
  ])('not %j', (source) => {
    expect(() => asked(source)).toThrow(expect.objectContaining({ code: 'denied' }));
  });
});
