import type { Logger } from '../../base/log/logger.js';
import type { OutputPort } from '../../flow/output-port.js';
import type { GraphNode, ProcessSide, ReaderEnd } from '../../node/node.js';
import type { InFlight } from '../../node/quiescence.js';
import { DirectLink } from '../links/direct-link.js';
import type { ProcessLinks } from '../links/process-links.js';
import type { PythonInput } from './input.js';

/** What a node's links hang on. */
export interface PythonSideOptions {
  readonly id: string;
  readonly inputs: ReadonlyMap<string, PythonInput>;
  readonly outputs: ReadonlyMap<string, OutputPort>;
  readonly links: ProcessLinks;
  readonly log: Logger;
  /** A confined process can neither connect to another nor be connected to. */
  readonly confined: boolean;
  /** Whether frames flow. */
  readonly ready: () => boolean;
}

/** The direct links of a Python node to others of its kind. */
export class PythonSide implements ProcessSide {
  constructor(private readonly options: PythonSideOptions) {
    for (const port of options.outputs.values())
      port.onReaders = () => options.links.tellReaders(port.name, port);
  }

  reaches(reader: GraphNode): boolean {
    return reader.process instanceof PythonSide && !this.options.confined && !reader.process.options.confined;
  }

  linkTo(output: string, reader: GraphNode, input: string): void {
    this.makeLink(output, { node: reader, input }, false);
    this.tellReaders(output);
  }

  relink(output: string, reader: ReaderEnd, next: ReaderEnd): DirectLink | null {
    if (!this.takeLink(output, reader)) return null;
    const link = this.makeLink(output, next, true);
    // Both changes are one message, so no frame falls between them.
    this.tellReaders(output);
    return link;
  }

  unlink(output: string, reader: GraphNode, input: string): boolean {
    if (!this.takeLink(output, { node: reader, input })) return false;
    this.tellReaders(output);
    return true;
  }

  probe(): Promise<InFlight | null> {
    return this.options.links.probe();
  }

  private makeLink(output: string, end: ReaderEnd, held: boolean): DirectLink {
    const { id, links, log, ready } = this.options;
    const side = sideOf(end.node);
    const to = side?.options.inputs.get(end.input);
    if (side === null || to === undefined) throw new Error(`${end.node.id} has no input ${end.input}`);
    const reader = side.options;
    const link = new DirectLink(
      {
        id: links.nextId(`${id}.${output}>${reader.id}.${to.name}`),
        from: { node: id, port: output },
        to: { node: reader.id, port: to.name },
        delivery: to.delivery,
        window: to.windowSize,
        queue: to.capacity,
        keep: to.keeps,
      },
      to.counters,
      to.latency,
      log,
      (reason) => this.goAround(output, end, to, reason),
      { keeps: ready(), held },
    );
    to.link = link;
    links.addOut(output, link);
    reader.links.addIn(link);
    links.join(link, 'producer');
    reader.links.join(link, 'consumer');
    return link;
  }

  private takeLink(output: string, { node, input }: ReaderEnd): boolean {
    const side = sideOf(node);
    if (side === null) return false;
    const { links } = this.options;
    const link = links.find(output, side.options.links, input);
    if (link === undefined) return false;
    side.options.links.removeIn(link);
    const to = side.options.inputs.get(input);
    if (to !== undefined) to.link = null;
    links.removeOut(link);
    return true;
  }

  /** A link that does not come about: its frames go through the runtime from here on. */
  private goAround(output: string, { node, input }: ReaderEnd, to: PythonInput, reason: string): void {
    const port = this.options.outputs.get(output);
    if (port === undefined || !this.unlink(output, node, input)) return;
    this.options.log.warn(
      `no direct link to ${node.id}.${input}: its frames go through the runtime (${reason})`,
    );
    to.bind(port);
    port.connect(to);
  }

  private tellReaders(output: string): void {
    const port = this.options.outputs.get(output);
    if (port !== undefined) this.options.links.tellReaders(output, port);
  }
}

function sideOf(node: GraphNode): PythonSide | null {
  return node.process instanceof PythonSide ? node.process : null;
}
