import { Histogram } from '../../flow/histogram.js';
import { USUAL_SLOTS } from '../../flow/slots.js';
import type { NodePorts } from '../../graph/ports.js';
import { ProcessLinks } from '../links/process-links.js';
import { NO_TALLY, type Tally } from '../links/tally.js';
import { PythonInput } from './input.js';
import { OUTPUT_WINDOW, PythonOutput } from './output.js';
import type { BridgePorts } from './types.js';

/** The ports of a Python processor, and its links to other processes. They outlive its subprocess and serve the next one. */
export class PythonPorts {
  /** In the order of the wire. */
  readonly inputs: readonly PythonInput[];
  readonly outputs: readonly PythonOutput[];
  readonly links: ProcessLinks;

  constructor(node: string, models: NodePorts, onError: (message: string, error: Error) => void) {
    this.inputs = [...models.inputs.values()].map((model, index) => new PythonInput(model, index, onError));
    this.outputs = [...models.outputs.values()].map((model) => new PythonOutput(model));
    this.links = new ProcessLinks(node);
    for (const { port } of this.outputs) port.onReaders = () => this.links.tellReaders(port.name, port);
  }

  get rate(): number {
    return Math.max(0, ...this.inputs.map((input) => input.counters.rate));
  }

  get latency(): Histogram {
    return Histogram.over(this.inputs.map((input) => input.latency));
  }

  get idle(): boolean {
    return this.inputs.every((input) => input.idle) && this.outputs.every((output) => output.idle);
  }

  /** The subprocess is gone; `over`: there will be no other. */
  close(over: boolean): void {
    for (const input of this.inputs) input.close(over);
    for (const output of this.outputs) output.close();
    this.links.gone(over);
  }

  /** The node takes no more frames, though its process may have to finish some. */
  closeInputs(): void {
    for (const input of this.inputs) input.close(true);
    this.links.inputsOver();
  }

  /** What the client counts of frames that did not pass the runtime. `busy`: the user's code runs. */
  report(tallies: ReadonlyMap<string, Tally>, busy: boolean): void {
    this.links.report(tallies, busy);
    for (const input of this.inputs) {
      const { dropped } = tallies.get(`input/${input.name}`) ?? NO_TALLY;
      input.clientLost(dropped.no_memory ?? 0);
    }
    for (const output of this.outputs) {
      const tally = tallies.get(`output/${output.port.name}`);
      if (tally !== undefined) output.passedDirectly(tally);
    }
  }

  clientDropped(dropped: Readonly<Record<string, number>>): void {
    for (const output of this.outputs) {
      const count = dropped[output.port.name];
      if (count !== undefined) output.clientDropped(count);
    }
  }

  /** As a subprocess that is started now is told of them. */
  forBridge(): BridgePorts {
    return {
      inputs: this.inputs.map(({ name, schema, delivery, windowSize }) => ({
        name,
        schema,
        delivery,
        window: windowSize,
      })),
      outputs: this.outputs.map(({ port }) => {
        const direct = this.links.readersOf(port.name, port);
        const slots = this.links.slotsOf(port.name, port);
        port.canWait = port.blocking;
        return {
          name: port.name,
          schema: port.schema,
          blocking: port.blocking,
          window: OUTPUT_WINDOW,
          ...(slots > USUAL_SLOTS && { slots }),
          ...(direct !== null && { direct }),
        };
      }),
    };
  }
}
