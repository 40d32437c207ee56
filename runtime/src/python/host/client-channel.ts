import { type Connection, type Endpoint, monotonicNs } from '@streamlib/host-bridge';
import type { Logger } from '../../base/log/logger.js';
import { toError } from '../../base/streamlib-error.js';
import { Frame } from '../../flow/frame.js';
import { HandleFields } from '../../flow/handles.js';
import type { LinkMessage } from '../links/messages.js';
import type { BridgeEvent } from './bridge-states.js';
import { type ClientMessage, PING, readClientMessage } from './messages.js';
import { setupMessage } from './setup-message.js';
import type { BridgeEvents, BridgeSetup, ControlMessage } from './types.js';

export interface ChannelOwner {
  readonly log: Logger;
  readonly events: BridgeEvents;
  /** Whether the client has been told its setup, so that it may send frames. */
  readonly takesFrames: boolean;
  happened(event: BridgeEvent): void;
  /** `busyMs`: for how long one call of the user's code has been running; null while none is. */
  heartbeat(busyMs: number | null): void;
}

/** How many different complaints about one client's messages are logged. */
const MOST_WARNINGS = 16;

/** The direct channel to a client: reads what it sends, and passes on what concerns the handshake, the node, or the log. */
export class ClientChannel {
  private readonly warned = new Set<string>();

  constructor(
    private readonly connection: Connection,
    private readonly setup: BridgeSetup,
    private readonly owner: ChannelOwner,
  ) {}

  /** To be called once. */
  open(): void {
    const { connection, owner } = this;
    const { events } = owner;
    const { inputs, outputs } = this.setup.ports;
    // Seen from here: what the client puts out comes in.
    connection.definePorts({
      inputs: outputs.map(({ name, schema }) => ({ name, schema })),
      outputs: inputs.map(({ name, schema }) => ({ name, schema })),
    });
    connection.onControl = (message, endpoint) => {
      const read = readClientMessage(message);
      if ('link' in read) {
        events.link(read, endpoint);
        return;
      }
      endpoint?.close();
      this.received(read);
    };
    connection.onFrame = (port, frameId, value) => {
      if (owner.takesFrames) events.frame(port, Number(frameId), value);
      else this.early(port, value);
    };
    connection.onLost = (port, frameId, why) => events.lost(port, Number(frameId), why);
    connection.onAck = (port, frameId) => events.ack(port, Number(frameId));
    connection.onClose = ({ code, message }) => owner.happened({ type: 'channel_closed', code, message });
    connection.start();
  }

  /** Slots of memory of this process that the client holds. */
  get leases(): number {
    return this.connection.stats.outstanding;
  }

  sendFrame(port: number, frameId: number, value: object): boolean {
    return this.connection.sendFrame(port, frameId, value);
  }

  /** Travels with the next message, or by itself when the loop has nothing else to do. */
  ack(port: number, frameId: number): void {
    this.connection.ack(port, frameId);
  }

  /** Sends a message, with an endpoint if one is to be handed over. */
  send(message: ControlMessage, endpoint?: Endpoint): void {
    try {
      this.connection.sendControl(message, endpoint);
    } catch (error) {
      this.owner.log.debug('a control message could not be sent', { error: toError(error) });
    }
  }

  say(what: 'ping' | 'setup' | 'stop'): void {
    switch (what) {
      case 'ping':
        this.send({ type: 'ping', bytes: PING });
        return;
      case 'setup':
        this.send(setupMessage(this.setup));
        return;
      case 'stop':
        this.send({ type: 'stop' });
        this.send({ type: 'teardown' });
        return;
    }
  }

  close(): void {
    this.connection.close();
  }

  private early(port: number, value: Record<string, unknown>): void {
    const output = this.setup.ports.outputs[port];
    if (output === undefined) return;
    new Frame(value, new HandleFields(output.schema)).release();
    this.owner.happened({ type: 'early_frame', output: output.name });
  }

  private received(message: Exclude<ClientMessage, LinkMessage>): void {
    const { owner } = this;
    switch (message.type) {
      case 'pong':
        owner.happened({ type: 'pong', valid: message.valid });
        return;
      case 'acked':
        owner.happened({ type: 'client_acked' });
        return;
      case 'setup_done':
      case 'bye':
        owner.happened({ type: message.type });
        return;
      case 'finished':
        owner.events.finished();
        return;
      case 'heartbeat': {
        const busyMs =
          message.busySinceNs === null ? null : (Number(monotonicNs()) - message.busySinceNs) / 1e6;
        owner.heartbeat(busyMs);
        owner.events.clientDropped(message.dropped);
        owner.events.tallies(message.tallies, message.busySinceNs !== null);
        return;
      }
      case 'reported':
        owner.events.reported(message.round);
        return;
      case 'log': {
        const left = message.dropped > 0 ? ` (${message.dropped} lines before it left out)` : '';
        owner.log[message.level](`${message.message}${left}`, { logger: message.logger });
        return;
      }
      case 'error':
        this.reportedError(message);
        return;
      case 'started':
      case 'stopped':
        owner.log.debug(`client ${message.type}`);
        return;
      case 'unknown':
        this.warnOnce(`the client sent an unknown control message "${message.name}"`);
    }
  }

  private reportedError(message: ClientMessage & { type: 'error' }): void {
    const what = `${message.error}${message.error !== '' && message.message !== '' ? ': ' : ''}${message.message}`;
    if (!message.fatal) {
      this.owner.events.error(message.phase, what, message.traceback);
      return;
    }
    const reason = `${message.phase} failed: ${what}`;
    this.owner.log.error(`${reason}\n${message.traceback}`.trimEnd(), { phase: message.phase });
    this.owner.happened({ type: 'fatal', reason });
  }

  /** Each complaint once: a client that repeats itself does not fill the log. */
  warnOnce(message: string): void {
    if (this.warned.size >= MOST_WARNINGS || this.warned.has(message)) return;
    this.warned.add(message);
    this.owner.log.warn(message);
  }
}
