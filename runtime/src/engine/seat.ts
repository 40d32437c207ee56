import type { LogFields, Logger, LogLevel } from '../base/log/logger.js';
import type { HandshakeBroker, ProcessorStanding } from '../broker/session.js';
import type { GraphNode, NodeListener } from '../node/node.js';
import type { NodeState } from '../node/state.js';

const REMEMBERED = 40;

/**
 * What a node has in the way of surroundings: who hears of its states, and what the broker is told. A node that only stands by to
 * take another's place is heard by whoever prepares it; one whose place was taken is heard by nobody.
 */
export class Seat implements NodeListener {
  private told: NodeListener | null = null;
  private readonly watchers = new Set<(state: NodeState, message?: string) => void>();
  private standing: ProcessorStanding | null = null;
  private report: ((standing: ProcessorStanding) => void) | null = null;
  /** The last lines that the node logged while nobody had heard of it yet. */
  readonly lines: string[] = [];

  stateChanged(node: GraphNode, state: NodeState, message?: string, error?: Error): void {
    for (const watcher of this.watchers) watcher(state, message);
    this.told?.stateChanged(node, state, message, error);
  }

  /** From now on the node is the graph's. */
  occupy(listener: NodeListener): void {
    this.told = listener;
    if (this.standing !== null) this.report?.(this.standing);
  }

  /** From now on nobody hears of the node. The broker forgets it, unless `heir`, which has its id, tells of itself. */
  leave(heir: Seat | null = null): void {
    const wasTold = this.told !== null;
    this.told = null;
    const { standing } = this;
    if (!wasTold || standing === null || standing.state === 'stopped' || heir?.standing) return;
    this.report?.({ ...standing, state: 'stopped', pid: null, connectionId: null });
  }

  watch(watcher: (state: NodeState, message?: string) => void): () => void {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  }

  /** The broker as this node sees it: what it reports is passed on only while it is the graph's. */
  broker(broker: HandshakeBroker): HandshakeBroker {
    this.report = (standing) => broker.report(standing);
    return new Proxy(broker, {
      get: (target, key) => {
        if (key === 'report') {
          return (standing: ProcessorStanding) => {
            this.standing = standing;
            if (this.told !== null) broker.report(standing);
          };
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }

  log(log: Logger): Logger {
    return new Listened(log, (line) => {
      if (this.told !== null) return;
      this.lines.push(line);
      if (this.lines.length > REMEMBERED) this.lines.shift();
    });
  }
}

class Listened implements Logger {
  constructor(
    private readonly inner: Logger,
    private readonly heard: (line: string) => void,
  ) {}

  debug(message: string, fields?: LogFields): void {
    this.inner.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.say('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.say('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.say('error', message, fields);
  }

  child(bindings: LogFields): Logger {
    return new Listened(this.inner.child(bindings), this.heard);
  }

  private say(level: Exclude<LogLevel, 'debug'>, message: string, fields?: LogFields): void {
    this.inner[level](message, fields);
    this.heard(message);
  }
}
