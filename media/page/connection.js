import { parseFrame } from './wire.js';

const CLOCK_EVERY_MS = 2000;
const MAX_WAIT_MS = 4000;

/**
 * The frames' way to this page. One frame is under way at a time: the next is asked for when the last has been decoded, and not
 * while nobody can see the page. A connection that is lost is made again.
 */
export class FrameConnection {
  #handlers;
  #socket = null;
  #waitMs = 250;
  #latencies = [];
  #owesAck = false;

  /** `handlers`: state(name), frame(frame) → promise, told(message), clock(sent, received, farNs). */
  constructor(handlers) {
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden && this.#owesAck) this.#ack();
    });
    setInterval(() => this.#askClock(), CLOCK_EVERY_MS);
    this.#open();
  }

  /** How old a frame was when it was shown; goes out with the next acknowledgement. */
  shown(latencyMs) {
    if (this.#latencies.length < 100) this.#latencies.push(Math.max(0, Math.round(latencyMs * 100) / 100));
  }

  #open() {
    const socket = new WebSocket(`ws://${location.host}/frames`);
    this.#socket = socket;
    this.#owesAck = false;
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => {
      this.#waitMs = 250;
      this.#handlers.state('waiting');
      for (let i = 0; i < 4; i++) this.#askClock();
    };
    socket.onmessage = (event) => this.#received(event.data);
    socket.onclose = () => {
      this.#handlers.state('lost');
      setTimeout(() => this.#open(), this.#waitMs);
      this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS);
    };
  }

  async #received(data) {
    if (typeof data === 'string') {
      const message = JSON.parse(data);
      if (message.type === 'clock')
        this.#handlers.clock(message.sent, performance.now(), BigInt(message.now_ns));
      else this.#handlers.told(message);
      return;
    }
    const socket = this.#socket;
    const frame = parseFrame(data);
    try {
      if (frame !== null) await this.#handlers.frame(frame);
    } catch {
      // A picture that cannot be decoded is passed over; the next may be better.
    }
    if (socket !== this.#socket) return;
    if (document.hidden) this.#owesAck = true;
    else this.#ack();
  }

  #ack() {
    this.#owesAck = false;
    this.#send({ type: 'ack', latencies_ms: this.#latencies.splice(0) });
  }

  #askClock() {
    this.#send({ type: 'clock', sent: performance.now() });
  }

  #send(message) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}
