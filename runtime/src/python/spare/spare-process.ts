import type { Logger } from '../../base/log/logger.js';
import { Child, type ChildExit } from '../../process/child.js';
import { newMark, type RunnerJob, SPARE_MODULE, taskText } from './job.js';

/** Room for the file and the processor that `ps` is to show once there are some. */
export const ROOM = ' '.repeat(512);

/** How a spare process is started. */
export type SpareStart = (python: string) => {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
};

export const plainSpare: SpareStart = () => ({
  args: ['-m', SPARE_MODULE, ROOM],
  env: {
    ...process.env,
    STREAMLIB_BROKER_TOKEN: undefined,
    STREAMLIB_HOST_PID: String(process.pid),
    PYTHONUNBUFFERED: '1',
  },
});

/**
 * One process that has imported what every processor needs and waits for a job. Until it has one, its lines are the
 * runtime's and its end is the pool's affair.
 */
export class SpareProcess {
  private readonly child: Child;
  /** Of which output everything that follows is the processor's. */
  private readonly marked = { stdout: false, stderr: false };
  private readonly mark = newMark();
  private job: RunnerJob | null = null;

  constructor(
    python: string,
    private readonly log: Logger,
    died: (exit: ChildExit) => void,
    start: SpareStart,
  ) {
    this.child = new Child({
      command: python,
      ...start(python),
      waits: true,
      onLine: (stream, line) => this.line(stream, line),
      onExit: died,
    });
  }

  get pid(): number | null {
    return this.child.pid;
  }

  get alive(): boolean {
    return this.child.pid !== null && !this.child.exited;
  }

  /** To be called once, on a spare that is alive. */
  employ(job: RunnerJob): Child {
    this.job = job;
    this.child.employ({
      task: taskText(job, this.mark),
      onLine: (stream, line) => this.line(stream, line),
      onExit: job.onExit,
    });
    return this.child;
  }

  /** No code of a user's runs in it, so there is nothing to ask for. */
  kill(): void {
    this.child.awaitEnd();
    this.child.signalGroup('SIGKILL');
  }

  private line(stream: 'stdout' | 'stderr', line: string): void {
    if (this.marked[stream]) {
      this.job?.onLine(stream, line);
      return;
    }
    if (line === this.mark) {
      this.marked[stream] = true;
      if (stream === 'stderr') this.child.forgetTail();
    } else if (line !== '') this.log.debug(`spare Python process: ${line}`, { stream, pid: this.pid });
  }
}
