import { AudioFrame, VideoFrame } from '@streamlib/host-bridge';
import { describe, expect, it } from 'vitest';
import { type NodePorts, portsOf } from './ports.js';
import { checkNodeIds, resolveLinks } from './resolve.js';
import type { ConnectionSpec, GraphSpec } from './spec.js';

const camera = portsOf({}, { video: VideoFrame }, false);
const display = portsOf({ video: VideoFrame }, {}, false);
const effect = portsOf({ video_in: VideoFrame }, { video_out: VideoFrame }, true);
const localEffect = portsOf({ video_in: VideoFrame }, { video_out: VideoFrame }, false);
const microphone = portsOf({}, { audio: AudioFrame }, false);

function resolve(ports: Record<string, NodePorts | null>, connections: ConnectionSpec[]) {
  const spec: GraphSpec = {
    name: 'test',
    nodes: Object.keys(ports).map((id) => ({ id, node_type: 'x', params: {} })),
    connections,
  };
  return resolveLinks(spec, new Map(Object.entries(ports)));
}

function messages(ports: Record<string, NodePorts | null>, connections: ConnectionSpec[]): string[] {
  return resolve(ports, connections).issues.map((issue) => issue.message);
}

describe('resolveLinks', () => {
  it('fills in ports that are the only ones, and what their inputs declare', () => {
    const { links, issues } = resolve({ camera, effect, display }, [
      { from: 'camera', to: 'effect' },
      { from: 'effect.video_out', to: 'display', delivery: 'lossless', queue: 4 },
    ]);
    expect(issues).toEqual([]);
    expect(links).toMatchObject([
      {
        from: { node: 'camera', port: 'video' },
        to: { node: 'effect', port: 'video_in' },
        delivery: 'latest',
        queue: 1,
      },
      {
        from: { node: 'effect', port: 'video_out' },
        to: { node: 'display', port: 'video' },
        delivery: 'lossless',
        queue: 4,
      },
    ]);
  });

  it('names the nearest port and node', () => {
    expect(
      messages({ camera, effect }, [
        { from: 'camera.vidoe', to: 'effect.video_in' },
        { from: 'camrea', to: 'effect.video_in' },
      ]),
    ).toEqual([
      'node "camera" has no output "vidoe"; did you mean "video"?',
      'there is no node "camrea"; did you mean "camera"?',
      'input effect.video_in already has a connection; an input takes frames from one output',
    ]);
  });

  it('tells a port of the other direction from one that does not exist', () => {
    expect(messages({ camera, effect }, [{ from: 'camera', to: 'effect.video_out' }])).toEqual([
      'node "effect" has no input "video_out"; "video_out" is an output of it',
    ]);
    expect(messages({ camera, display }, [{ from: 'display', to: 'display' }])).toEqual([
      'node "display" has no outputs',
    ]);
  });

  it('refuses schemas that differ', () => {
    expect(messages({ microphone, display }, [{ from: 'microphone', to: 'display' }])).toEqual([
      'microphone.audio sends AudioFrame, but display.video takes VideoFrame',
    ]);
    const other = portsOf(
      {
        video: {
          name: 'VideoFrame',
          fields: [{ name: 'pixel_buffer', type: 'Buffer' }, ...VideoFrame.fields.slice(1)],
        },
      },
      {},
      false,
    );
    expect(messages({ camera, other }, [{ from: 'camera', to: 'other' }])).toEqual([
      'camera.video sends VideoFrame, but other.video takes VideoFrame whose field "pixel_buffer" is "Buffer", not "Texture"',
    ]);
  });

  it('does not judge connections of a node whose ports are unknown', () => {
    expect(
      messages({ camera, broken: null, display }, [
        { from: 'camera', to: 'broken.anything' },
        { from: 'broken', to: 'display' },
      ]),
    ).toEqual([]);
  });

  it('lets a cycle run only through a Python input that may drop', () => {
    const connections = [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'a' },
    ];
    expect(messages({ a: effect, b: localEffect }, connections)).toEqual([]);
    expect(messages({ a: localEffect, b: localEffect }, connections)).toEqual([
      expect.stringMatching(/^a → b → a is a cycle that cannot run/),
    ]);
    const lossless = connections.map((connection) => ({ ...connection, delivery: 'lossless' as const }));
    expect(messages({ a: effect, b: effect }, lossless)).toHaveLength(1);
  });
});

describe('checkNodeIds', () => {
  it('refuses malformed ids and doubles', () => {
    const nodes = ['ok', '1st', 'ok', 'with space'].map((id) => ({ id, node_type: 'x', params: {} }));
    expect(checkNodeIds({ name: 't', nodes, connections: [] }).map((issue) => issue.path)).toEqual([
      ['nodes', 1, 'id'],
      ['nodes', 2, 'id'],
      ['nodes', 3, 'id'],
    ]);
  });
});
