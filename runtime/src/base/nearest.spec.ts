import { describe, expect, it } from 'vitest';
import { editDistance, nearest, suggestion } from './nearest.js';

describe('nearest', () => {
  it('counts edits, a swap of neighbours as one', () => {
    expect(editDistance('camera', 'camera')).toBe(0);
    expect(editDistance('camrea', 'camera')).toBe(1);
    expect(editDistance('', 'abc')).toBe(3);
    expect(editDistance('kitten', 'sitting')).toBe(3);
  });

  it('finds what was probably meant and nothing that is far off', () => {
    expect(nearest('camrea', ['camera', 'display'])).toBe('camera');
    expect(nearest('Video_In', ['video_in', 'video_out'])).toBe('video_in');
    expect(nearest('microphone', ['camera', 'display'])).toBeNull();
  });

  it('lists what there is when nothing is near', () => {
    expect(suggestion('xyzzy', ['camera', 'display'])).toBe('; known: camera, display');
    expect(suggestion('dispaly', ['camera', 'display'])).toBe('; did you mean "display"?');
  });
});
