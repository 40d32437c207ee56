import { type FilterContext, FilterGraph, Frame, type Rational } from 'node-av';
import { AVERROR_EAGAIN, AVERROR_EOF } from 'node-av/constants';
import { check } from './library.js';

/** Pictures go through filters with their time in nanoseconds. */
const TIME_BASE = '1/1000000000';
const SECOND_NS = 1_000_000_000n;

interface Graph {
  readonly owner: FilterGraph;
  readonly entry: FilterContext;
  readonly exit: FilterContext;
  readonly timeBase: Rational;
  /** What it was made for; pictures of another kind need another. */
  readonly kind: string;
}

/**
 * The filters between a decoder and whoever draws its pictures. What a picture needs is asked for each; a picture that needs
 * nothing passes as it is. Where size, format or filters change, the pictures that the old filters hold back come out first.
 *
 * After each `push()`, `pull()` until it gives null. `pts` and `duration` of pictures are nanoseconds on both sides.
 */
export class FilterChain {
  private readonly filtered = new Frame();
  private graph: Graph | null = null;
  /** Comes after what the graph holds. */
  private next: Frame | null = null;

  /** `filtersFor`: in the notation of FFmpeg; empty for none. */
  constructor(private readonly filtersFor: (picture: Frame) => string) {
    this.filtered.alloc();
  }

  /** The picture stays the caller's, and must stay as it is until `pull()` gives null. Null: there are no more. */
  async push(picture: Frame | null): Promise<void> {
    if (this.next !== null) throw new Error('a picture is waiting: pull() until there is none');
    const { graph } = this;
    if (picture !== null && graph?.kind === this.kindOf(picture)) {
      await feed(graph, picture);
      return;
    }
    this.next = picture;
    if (graph !== null) await feed(graph, null);
  }

  /** The next picture, valid until the next call; null when more has to be pushed first. */
  async pull(): Promise<Frame | null> {
    for (;;) {
      if (this.graph !== null) {
        this.filtered.unref();
        const got = await this.graph.exit.buffersinkGetFrame(this.filtered);
        if (got >= 0) return inNanoseconds(this.filtered, this.graph.timeBase);
        if (got === AVERROR_EAGAIN) return null;
        if (got !== AVERROR_EOF) check(got, 'filter a picture', 'corrupt');
        this.drop();
      }
      const { next } = this;
      if (next === null) return null;
      this.next = null;
      const filters = this.filtersFor(next);
      if (filters === '') return next;
      this.graph = await makeGraph(next, filters, this.kindOf(next));
      await feed(this.graph, next);
    }
  }

  /** Forgets what the filters hold, for a source that begins elsewhere. */
  reset(): void {
    this.next = null;
    this.drop();
  }

  close(): void {
    this.reset();
    this.filtered.free();
  }

  private kindOf(picture: Frame): string {
    const { colorPrimaries, colorTrc } = picture;
    return `${sourceOf(picture)} ${colorPrimaries} ${colorTrc} ${this.filtersFor(picture)}`;
  }

  private drop(): void {
    this.graph?.owner.free();
    this.graph = null;
  }
}

async function feed({ entry }: Graph, picture: Frame | null): Promise<void> {
  check(await entry.buffersrcAddFrame(picture), 'filter a picture', 'corrupt');
}

/** The filter that pictures like this one come in by. */
function sourceOf({ width, height, format, colorSpace, colorRange, sampleAspectRatio }: Frame): string {
  const { num, den } = sampleAspectRatio;
  const aspect = num > 0 && den > 0 ? `${num}/${den}` : '0/1';
  return `buffer@in=video_size=${width}x${height}:pix_fmt=${format}:time_base=${TIME_BASE}:pixel_aspect=${aspect}:colorspace=${colorSpace}:range=${colorRange}`;
}

async function makeGraph(picture: Frame, filters: string, kind: string): Promise<Graph> {
  const owner = new FilterGraph();
  owner.alloc();
  try {
    check(owner.parsePtr(`${sourceOf(picture)},${filters},buffersink@out`), `make the filters ${filters}`);
    check(await owner.config(), `make the filters ${filters}`);
    const find = (end: string) => owner.filters?.find(({ name }) => name?.includes(end));
    const [entry, exit] = [find('@in'), find('@out')];
    if (entry === undefined || exit === undefined) throw new Error('the filter graph has no ends');
    return { owner, entry, exit, timeBase: exit.buffersinkGetTimeBase(), kind };
  } catch (error) {
    owner.free();
    throw error;
  }
}

function inNanoseconds(picture: Frame, { num, den }: Rational): Frame {
  const toNs = (ticks: bigint) => (ticks * BigInt(num) * SECOND_NS) / BigInt(den);
  picture.pts = toNs(picture.pts);
  picture.duration = toNs(picture.duration);
  return picture;
}
