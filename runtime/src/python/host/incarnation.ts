import type { Endpoint } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';
import type { HandshakeBroker } from '../../broker/session.js';
import type { ErrorReporter } from '../../node/error-reporter.js';
import type { LinkMessage } from '../links/messages.js';
import type { Tally } from '../links/tally.js';
import { PythonBridge } from './bridge.js';
import { OUTPUT_WINDOW } from './output.js';
import type { PythonPorts } from './ports.js';
import type { BridgeEvents, BridgeSetup } from './types.js';

/** The processor that an incarnation belongs to. */
export interface IncarnationOwner {
  /** Whether the processor has been started: its subprocess then starts as soon as it is ready. */
  readonly startWanted: boolean;
  /** There is a process. */
  spawned(incarnation: Incarnation): void;
  /** Frames are about to flow. */
  ready(incarnation: Incarnation): void;
  /** A call of `process` raised an exception. */
  callFailed(): void;
  /** It has sent its last frame. */
  finished(): void;
  /** Its process is to be killed. At most once. */
  broken(incarnation: Incarnation, reason: string): void;
  /** Exactly once, last of all. */
  exited(incarnation: Incarnation, clean: boolean, reason: string): void;
}

export interface IncarnationDependencies {
  readonly broker: HandshakeBroker;
  readonly log: Logger;
  readonly errors: ErrorReporter;
  readonly ports: PythonPorts;
}

/** One life of a Python processor's subprocess: joins its bridge to the ports, which outlive it. */
export class Incarnation implements BridgeEvents {
  readonly bridge: PythonBridge;
  private readonly log: Logger;
  private readonly errors: ErrorReporter;
  private readonly ports: PythonPorts;
  private readonly since = performance.now();

  constructor(
    /** Counts from 1. */
    readonly number: number,
    setup: BridgeSetup,
    { broker, log, errors, ports }: IncarnationDependencies,
    private readonly owner: IncarnationOwner,
  ) {
    this.log = log;
    this.errors = errors;
    this.ports = ports;
    this.bridge = new PythonBridge(setup, { broker, log, events: this });
  }

  /** How long ago it was begun, in milliseconds. */
  get ageMs(): number {
    return performance.now() - this.since;
  }

  spawned(): void {
    this.owner.spawned(this);
  }

  ready(): void {
    const { bridge, ports } = this;
    this.owner.ready(this);
    ports.outputs.forEach((output, index) => {
      output.open((frameId) => bridge.ack(index, frameId));
    });
    if (this.owner.startWanted) bridge.start();
    for (const input of ports.inputs) input.open(bridge);
    const { pid } = bridge;
    if (pid !== null)
      ports.links.ready({ pid, control: (message, endpoint) => bridge.send(message, endpoint) });
  }

  frame(port: number, frameId: number, value: Record<string, unknown>): void {
    const output = this.ports.outputs[port];
    if (output === undefined || output.receive(frameId, value)) return;
    this.bridge.condemn(
      `broke the protocol: more than ${OUTPUT_WINDOW} frames on output "${output.port.name}" without an acknowledgement`,
    );
  }

  lost(port: number, frameId: number, why: string): void {
    if (this.ports.outputs[port]?.lost(frameId) === true)
      this.log.warn(
        `the system gives this process no memory to read frames, which are dropped (raise its limits): ${why}`,
      );
  }

  ack(port: number, frameId: number): void {
    this.ports.inputs[port]?.acked(frameId);
  }

  finished(): void {
    this.owner.finished();
  }

  error(phase: string, message: string, traceback: string): void {
    if (phase === 'process') this.owner.callFailed();
    this.errors.report(`${phase}: ${message}\n${traceback}`.trimEnd());
  }

  clientDropped(dropped: Readonly<Record<string, number>>): void {
    this.ports.clientDropped(dropped);
  }

  tallies(tallies: ReadonlyMap<string, Tally>, busy: boolean): void {
    this.ports.report(tallies, busy);
  }

  link(message: LinkMessage, endpoint: Endpoint | null): void {
    this.ports.links.message(message, endpoint);
  }

  reported(round: number): void {
    this.ports.links.reported(round);
  }

  broken(reason: string): void {
    this.ports.close(false);
    this.log.error(reason);
    this.owner.broken(this, reason);
  }

  exited(clean: boolean, reason: string): void {
    this.ports.close(false);
    if (!clean) this.log.debug(reason);
    this.owner.exited(this, clean, reason);
  }
}
