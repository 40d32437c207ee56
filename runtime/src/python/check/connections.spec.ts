import { ObjectDetections, VideoFrame } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { checkConnections } from './connections.js';
import type { IntendedConnection } from './types.js';

const ports = { inputs: { video_in: VideoFrame }, outputs: { boxes: ObjectDetections } };
const knownPorts = {
  'camera.video': { direction: 'output', schema: VideoFrame },
  'display.video': { direction: 'input', schema: VideoFrame },
} as const;

const check = (link: IntendedConnection) =>
  checkConnections(ports, { name: 'detector', connections: [link], knownPorts }).map(
    ({ message }) => message,
  );
const link = (from: string, to: string): IntendedConnection => {
  const [from_processor = '', from_port = ''] = from.split('.');
  const [to_processor = '', to_port = ''] = to.split('.');
  return { from_processor, from_port, to_processor, to_port };
};

describe('intended connections', () => {
  it('are fine where the ports match, also with the only port left out', () => {
    expect(check(link('camera.video', 'detector.video_in'))).toEqual([]);
    expect(check(link('camera', 'detector'))).toEqual([]);
  });

  it.each([
    ['camera.video', 'detector.video', 'the code declares no input "video"; known: video_in'],
    ['camera.vido', 'detector', '"camera" has no output "vido"; did you mean "video"?'],
    ['camra', 'detector', 'there is no processor "camra"; did you mean "camera"?'],
    [
      'detector',
      'display',
      'detector → display: detector.boxes gives ObjectDetections, and display.video takes VideoFrame',
    ],
    ['display', 'detector', '"display" has no output'],
    ['camera.video', 'display.boxes', '"display" has no input "boxes"; known: video'],
  ])('%s → %s', (from, to, told) => {
    expect(check(link(from, to))).toEqual([told]);
  });
});
