import { EXIT } from '../errors/cli-error.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal asks to stop; a second one ends the process at once, and the kernel its subprocesses with it. */
export class Interrupts {
  readonly first: Promise<void>;
  interrupted = false;
  private readonly listener: () => void;

  constructor(onFirst: () => void, exit: (code: number) => void = process.exit) {
    let settle = () => {};
    this.first = new Promise((resolve) => {
      settle = resolve;
    });
    this.listener = () => {
      if (this.interrupted) {
        exit(EXIT.interrupted);
        return;
      }
      this.interrupted = true;
      onFirst();
      settle();
    };
    for (const signal of SIGNALS) process.on(signal, this.listener);
  }

  close(): void {
    for (const signal of SIGNALS) process.off(signal, this.listener);
  }
}
