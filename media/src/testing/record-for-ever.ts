import { drawTestPattern } from '../camera/test-pattern.js';
import { VideoWriter } from '../ffmpeg/video-writer.js';
import { withTexture } from './clips.js';

// A program that is killed while it writes: `record-for-ever.js PATH`. It says so when there is something to be found.
const [, , path = ''] = process.argv;
const writer = await VideoWriter.create(path, {
  codec: 'auto',
  crf: 15,
  ticksPerSecond: 1000,
  overwrite: true,
});
await withTexture(128, 72, async (texture) => {
  for (let n = 0; ; n++) {
    drawTestPattern(texture, n);
    await writer.write(texture, BigInt(n * 40));
    if (n === 300) process.stdout.write('written\n');
  }
});
