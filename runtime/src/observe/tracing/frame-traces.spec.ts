import { monotonicNs, type Schema } from '@streamlib/host-bridge';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Frame } from '../../flow/frame.js';
import { HandleFields } from '../../flow/handles.js';
import { OutputPort } from '../../flow/output-port.js';
import { LocalInput } from '../../node/local/local-input.js';
import { PythonInput } from '../../python/host/input.js';
import { type Attributes, FrameTraces, type OpenSpan } from './frame-traces.js';

const schema: Schema = {
  name: 'Stamped',
  fields: [
    { name: 'timestamp_ns', type: 'Int64' },
    { name: 'frame_number', type: 'UInt64' },
  ],
};
const handles = new HandleFields(schema);

class FakeSpan implements OpenSpan {
  ended: number | null = null;
  error: string | null = null;

  constructor(
    readonly name: string,
    readonly parent: FakeSpan | null,
    readonly at: number,
    readonly attributes: Attributes,
  ) {}

  end(at: number, error?: string): void {
    if (this.ended !== null) throw new Error(`${this.name} ended twice`);
    this.ended = at;
    this.error = error ?? null;
  }

  /** Its own name and those of what it comes from. */
  get way(): string {
    return this.parent === null ? this.name : `${this.name} < ${this.parent.way}`;
  }
}

let spans: FakeSpan[];
let number = 0n;
const frame = (stamp = monotonicNs()) => new Frame({ timestamp_ns: stamp, frame_number: number++ }, handles);
const named = (name: string) => spans.filter((span) => span.name === name);
const model = (name: string, delivery: 'latest' | 'every_sample' | 'lossless' = 'every_sample') => ({
  name,
  schema,
  delivery,
  queue: 4,
});

beforeEach(() => {
  spans = [];
  return () => vi.useRealTimers();
});

function traces(ratio = 1, random?: () => number): FrameTraces {
  const make = (name: string, parent: OpenSpan | null, at: number, attributes: Attributes) => {
    const span = new FakeSpan(name, parent as FakeSpan | null, at, attributes);
    spans.push(span);
    return span;
  };
  const made = new FrameTraces(make, { runtimeId: 'r', ratio, ...(random && { random }) });
  made.from(new Set(['camera']));
  return made;
}

/** camera → effect, in Python → page. */
function graph(made: FrameTraces, delivery: 'latest' | 'every_sample' = 'every_sample') {
  const camera = new OutputPort('video', schema);
  const effect = new PythonInput(model('in', delivery), 0, () => {});
  const painted = new OutputPort('out', schema);
  const page = new LocalInput(model('video'), () => {});
  camera.connect(effect);
  painted.connect(page);
  const port = <T>(one: T & { name: string }) => new Map([[one.name, one]]);
  made.watch({ id: 'camera', inputs: new Map(), outputs: port(camera) });
  made.watch({ id: 'effect', inputs: port(effect), outputs: port(painted) });
  made.watch({ id: 'page', inputs: port(page), outputs: new Map() });
  const sent: number[] = [];
  const sender = {
    connectionId: 'c',
    sendFrame: (_port: number, id: number) => {
      sent.push(id);
      return true;
    },
  };
  return { camera, effect, painted, page, sender, sent };
}

describe('the trace of a frame', () => {
  it('goes from its source through a subprocess to its end', () => {
    const made = traces();
    const { camera, effect, painted, page, sender, sent } = graph(made);
    effect.open(sender);
    const stamp = monotonicNs();
    camera.route(frame(stamp));
    painted.route(frame(stamp));
    effect.acked(sent[0] ?? -1);
    const taken = page.take();
    if (taken === undefined) throw new Error('nothing came');
    page.probe?.finished(taken, false);
    made.close();

    expect(named('process page').map(({ way }) => way)).toEqual([
      'process page < deliver page < process effect < send effect < source camera < frame',
    ]);
    expect(spans).toHaveLength(6);
    expect(spans.every(({ ended, at, error }) => ended !== null && ended >= at && error === null)).toBe(true);
    expect(named('send effect')[0]?.attributes).toMatchObject({
      'streamlib.runtime.id': 'r',
      'streamlib.processor': 'effect',
      'streamlib.port': 'in',
      'streamlib.from': 'camera.video',
      'streamlib.connection.id': 'c',
      'streamlib.frame.timestamp_ns': String(stamp),
    });
  });

  it('says of a frame that was dropped, why', () => {
    const made = traces();
    const { camera, effect, sender } = graph(made, 'latest');
    camera.route(frame());
    effect.open(sender);
    // The first is sent, the second waits, and the third takes its place.
    for (let n = 0; n < 3; n++) camera.route(frame());
    effect.close(true);
    made.close();
    const reasons = named('deliver effect').map(({ attributes }) => attributes['streamlib.dropped']);
    expect(reasons).toEqual(['not_ready', 'replaced', 'stopped']);
    expect(named('process effect').map(({ error }) => error)).toEqual(['the process ended']);
  });

  it('has what did not end when the graph is stopped', () => {
    const made = traces();
    const { camera, effect, sender } = graph(made);
    effect.open(sender);
    camera.route(frame());
    made.close();
    expect(named('process effect')[0]?.error).toBe('the graph was stopped');
    expect(named('frame')[0]?.ended).not.toBeNull();
    // What comes later is nobody's any more.
    effect.acked(0);
    camera.route(frame());
    expect(named('frame')).toHaveLength(1);
  });

  it('is over when nothing was seen of the frame for a second, and only then forgotten', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
    const made = traces();
    const { camera, painted, effect, sender, page } = graph(made);
    effect.open(sender);
    const stamp = monotonicNs();
    camera.route(frame(stamp));
    effect.acked(0);
    vi.advanceTimersByTime(900);
    expect(named('frame')[0]?.ended).toBeNull();
    painted.route(frame(stamp));
    page.take();
    vi.advanceTimersByTime(5_000);
    // It is with the page still.
    expect(named('frame')[0]?.ended).toBeNull();
    made.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is made for a share of the frames of sources only', () => {
    const dice = [0.5, 0.05, 0.2, 0.09];
    const made = traces(0.1, () => dice.shift() ?? 1);
    const { camera, painted } = graph(made);
    painted.route(frame());
    for (let n = 0; n < 4; n++) camera.route(frame());
    made.close();
    expect(named('frame')).toHaveLength(2);
  });

  it('begins where the frame is seen first, if it came straight from another process', () => {
    const made = traces();
    const { painted, page } = graph(made);
    made.from(new Set(['camera']), new Set(['effect']));
    painted.route(frame());
    page.take();
    made.close();
    expect(named('process page').map(({ way }) => way)).toEqual([
      'process page < deliver page < direct effect < frame',
    ]);
  });

  it('is not begun while very many are open', () => {
    const made = traces();
    const { camera } = graph(made);
    for (let n = 0; n < 1000; n++) camera.route(frame());
    expect(named('frame')).toHaveLength(256);
    made.close();
  });
});
