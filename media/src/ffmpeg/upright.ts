import { type FilterContext, FilterGraph, Frame } from 'node-av';
import { AV_FRAME_DATA_DISPLAYMATRIX } from 'node-av/constants';
import { check } from './library.js';
import { uprightFilters } from './rotation.js';

/** Turns pictures upright that a telephone took on its side. Costs nothing for those that are. */
export class Upright {
  private graph: FilterGraph | null = null;
  private entry: FilterContext | null = null;
  private exit: FilterContext | null = null;
  private turned: Frame | null = null;
  private key = '';

  /** The picture itself, or a turned one that is valid until the next call. */
  async turn(picture: Frame): Promise<Frame> {
    const filters = uprightFilters(picture.getSideData(AV_FRAME_DATA_DISPLAYMATRIX));
    if (filters === null) return picture;
    const { entry, exit } = await this.prepare(picture, filters);
    if (this.turned === null) {
      this.turned = new Frame();
      this.turned.alloc();
    }
    this.turned.unref();
    check(await entry.buffersrcAddFrame(picture), 'turn a picture', 'corrupt');
    check(await exit.buffersinkGetFrame(this.turned), 'turn a picture', 'corrupt');
    return this.turned;
  }

  close(): void {
    this.turned?.free();
    this.turned = null;
    this.graph?.free();
    this.graph = null;
  }

  private async prepare(
    picture: Frame,
    filters: string,
  ): Promise<{ entry: FilterContext; exit: FilterContext }> {
    const key = `${picture.width}x${picture.height} ${picture.format} ${filters}`;
    if (this.entry !== null && this.exit !== null && key === this.key)
      return { entry: this.entry, exit: this.exit };
    this.graph?.free();
    const graph = new FilterGraph();
    graph.alloc();
    this.graph = graph;
    const source = `buffer@in=video_size=${picture.width}x${picture.height}:pix_fmt=${picture.format}:time_base=1/1:colorspace=${picture.colorSpace}:range=${picture.colorRange}`;
    check(graph.parsePtr(`${source},${filters},buffersink@out`), 'make the filter that turns pictures');
    check(await graph.config(), 'make the filter that turns pictures');
    const entry = graph.filters?.find((filter) => filter.name?.includes('@in')) ?? null;
    const exit = graph.filters?.find((filter) => filter.name?.includes('@out')) ?? null;
    if (entry === null || exit === null) throw new Error('the filter graph has no ends');
    this.entry = entry;
    this.exit = exit;
    this.key = key;
    return { entry, exit };
  }
}
