import { describe, expect, it } from 'vitest';
import { type Holder, StarvationWatch, starvedText } from './starvation.js';

describe('an output without a free slot', () => {
  it('is told after a second, by the names of those that hold its frames, and once', () => {
    const said: string[] = [];
    const output = { name: 'video', starvedSince: null as number | null };
    let now = 0;
    const holders = (): Holder[] => [
      { node: 'page', held: null },
      { node: 'effect', held: 16 },
    ];
    const watch = new StarvationWatch(
      () => [{ node: 'camera', output, holders }],
      { warn: (text: string) => void said.push(text) },
      () => now,
    );
    try {
      output.starvedSince = 0;
      for (now = 0; now < 5000; now += 500) watch.look();
      expect(said).toHaveLength(1);
      expect(said[0]).toContain('camera.video has had no free slot for 1.0 s');
      expect(said[0]).toContain('effect holds 16 frames of camera');
      output.starvedSince = null;
      watch.look();
      output.starvedSince = now;
      now += 1500;
      watch.look();
      expect(said).toHaveLength(2);
    } finally {
      watch.close();
    }
  });

  it('names the readers where what they hold is not known', () => {
    expect(starvedText('camera', 'video', 1, [{ node: 'own', held: null }])).toContain(
      'its readers keep all frames (own)',
    );
  });
});
