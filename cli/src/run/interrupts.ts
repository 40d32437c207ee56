import { EXIT } from '../errors/cli-error.js';
import { onStopSignals } from '../signals.js';

/** The first signal asks to stop; a second one ends the process at once, and the kernel its subprocesses with it. */
export class Interrupts {
  readonly first: Promise<void>;
  interrupted = false;
  /** Takes the listeners away. */
  readonly close: () => void;

  constructor(onFirst: () => void, exit: (code: number) => void = process.exit) {
    let settle = () => {};
    this.first = new Promise((resolve) => {
      settle = resolve;
    });
    this.close = onStopSignals(
      () => {
        this.interrupted = true;
        onFirst();
        settle();
      },
      () => exit(EXIT.interrupted),
    );
  }
}
