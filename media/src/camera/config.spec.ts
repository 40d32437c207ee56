import { describe, expect, it } from 'vitest';
import { cameraConfig, sizeFor, sourceOf } from './config.js';

describe('the camera’s parameters', () => {
  it('have defaults', () => {
    expect(cameraConfig.parse({})).toEqual({
      deinterlace: 'auto',
      clock: 'live',
      tone_map: 'auto',
      color: 'auto',
      source: 'test-pattern',
      loop: true,
      format: 'rgb8',
    });
  });

  it('are checked', () => {
    for (const wrong of [
      { width: 1 },
      { width: 1.5 },
      { fps: 0 },
      { fps: -1 },
      { format: 'nv12' },
      { source: '' },
      { loop: 'x' },
    ])
      expect(cameraConfig.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  });

  it('tell a device from a file', () => {
    expect(sourceOf('test-pattern')).toEqual({ kind: 'pattern' });
    expect(sourceOf('device:0')).toEqual({ kind: 'device', device: '0' });
    expect(sourceOf('/dev/video2')).toEqual({ kind: 'device', device: '/dev/video2' });
    expect(sourceOf('/clips/video2')).toEqual({ kind: 'file', path: '/clips/video2' });
  });

  it('keep the shape of the picture unless told otherwise', () => {
    const natural = { width: 1280, height: 720 };
    expect(sizeFor(natural, {})).toEqual(natural);
    expect(sizeFor(natural, { width: 640 })).toEqual({ width: 640, height: 360 });
    expect(sizeFor(natural, { height: 100 })).toEqual({ width: 178, height: 100 });
    expect(sizeFor(natural, { width: 100, height: 100 })).toEqual({ width: 100, height: 100 });
    expect(sizeFor({ width: 4000, height: 2 }, { width: 2 })).toEqual({ width: 2, height: 1 });
  });
});
