import { afterEach, describe, expect, it } from 'vitest';
import { withTexture } from '../testing/clips.js';
import { pixelAt } from '../testing/pictures.js';
import { DeviceSource } from './device-source.js';

/** FFmpeg's own device that makes pictures: what a camera does, without a camera. */
const RED = { name: 'a red camera', url: 'color=c=red:size=64x36:rate=30', system: 'lavfi' };
const open: DeviceSource[] = [];
afterEach(async () => {
  for (const source of open.splice(0)) await source.close();
});

async function openRed(options = {}): Promise<DeviceSource> {
  const source = await DeviceSource.openFound(RED, options);
  open.push(source);
  return source;
}

describe('a device', () => {
  it('gives pictures that are due when they come', async () => {
    const source = await openRed();
    const picture = await source.next();
    expect(picture).toMatchObject({ timestamp: null, size: { width: 64, height: 36 } });
    await withTexture(64, 36, async (texture) => {
      await picture?.draw(texture);
      const [red, green, blue] = pixelAt(texture, 30, 20);
      expect(red).toBeGreaterThan(240);
      expect(green).toBeLessThan(15);
      expect(blue).toBeLessThan(15);
    });
  });

  it('goes on for as long as it is read', async () => {
    const source = await openRed();
    for (let n = 0; n < 50; n++) expect(await source.next()).not.toBeNull();
  });

  it('that cannot do what is asked says so', async () => {
    await expect(DeviceSource.openFound({ ...RED, url: 'no_such_filter' }, {})).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('cannot open a red camera'),
    });
    await expect(DeviceSource.openFound({ ...RED, system: 'no_such_system' }, {})).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('no_such_system'),
    });
  });

  it('that is not there is told with those that are', async () => {
    await expect(DeviceSource.open('77', {})).rejects.toMatchObject({
      name: 'MediaError',
      message: expect.stringMatching(
        process.platform === 'linux' ? /there is no camera \/dev\/video77; / : /camera 77/,
      ),
    });
  });
});
