/** A process that a quiescence probe asks. */
export interface Probed {
  /** What it has in flight. Null when it has nothing and will have nothing: it is over. */
  probe(): Promise<InFlight | null>;
}

/** The answer of a process to a quiescence probe. */
export interface InFlight {
  /** Whether its code is at work. */
  readonly busy: boolean;
  /** Frames that it sent to other processes, or means to, and that were not finished. */
  readonly waiting: number;
  /** Grows with each frame that it sent. */
  readonly sent: number;
}

/**
 * Whether no frame is on its way between processes whose links the runtime cannot look into.
 *
 * Each can only be asked by itself, and a frame may move on behind the one that asks. So all are asked twice: nobody had
 * anything either time, and nobody sent anything in between. A frame counts at its sender until its reader has finished with
 * it, its own frames sent included, so there is no moment at which it counts nowhere.
 */
export class Quiescence {
  private running = false;
  private before: string | null = null;
  private found = false;

  constructor(private readonly processes: readonly Probed[]) {}

  /** What is known by now. As long as it is not, each look asks again. */
  look(): boolean {
    if (this.processes.length === 0) return true;
    if (!this.running && !this.found) {
      this.running = true;
      this.round()
        .catch(() => {
          this.before = null;
        })
        .finally(() => {
          this.running = false;
        });
    }
    return this.found;
  }

  /** Something moves: what was found out is no longer true. */
  reset(): void {
    this.before = null;
    this.found = false;
  }

  private async round(): Promise<void> {
    const answers = await Promise.all(this.processes.map((process) => process.probe()));
    const quiet = answers.every(
      (inFlight) => inFlight === null || (!inFlight.busy && inFlight.waiting === 0),
    );
    const now = JSON.stringify(answers);
    this.found = quiet && now === this.before;
    this.before = quiet ? now : null;
  }
}
