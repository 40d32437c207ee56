import type { LogFields, Logger } from '../base/log/logger.js';

/**
 * What concerns no runtime in particular, such as a spare process, is logged by the one that has been there longest: in each
 * log, a hundred runtimes would have every line a hundred times.
 */
export class HostLog implements Logger {
  private readonly users = new Set<Logger>();

  add(log: Logger): void {
    this.users.add(log);
  }

  remove(log: Logger): void {
    this.users.delete(log);
  }

  debug(message: string, fields?: LogFields): void {
    this.first?.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.first?.info(message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.first?.warn(message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.first?.error(message, fields);
  }

  child(bindings: LogFields): Logger {
    const by = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
      this[level](message, { ...bindings, ...fields });
    return {
      debug: by('debug'),
      info: by('info'),
      warn: by('warn'),
      error: by('error'),
      child: (more) => this.child({ ...bindings, ...more }),
    };
  }

  private get first(): Logger | undefined {
    return this.users.values().next().value;
  }
}
