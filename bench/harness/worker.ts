// A peer's Python worker, as a Node host starts it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const END_MS = 3000;

export class PythonWorker {
  private readonly child: ChildProcess;
  private readonly ended: Promise<unknown>;

  /** `fds`: inherited as 3, 4, …. */
  constructor(script: string, args: readonly (string | number)[], fds: readonly number[] = []) {
    const python = process.env.BENCH_PYTHON;
    if (python === undefined)
      throw new Error('BENCH_PYTHON is not set: this program is started by bench/main.ts');
    this.child = spawn(python, [script, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'inherit', ...fds],
    });
    this.ended = once(this.child, 'exit');
    this.child.once('exit', (code, signal) => {
      if (!this.#expected) throw new Error(`the worker ended by itself (${signal ?? `exit code ${code}`})`);
    });
  }

  #expected = false;

  get pid() {
    if (this.child.pid === undefined) throw new Error('the worker did not start');
    return this.child.pid;
  }

  /** Waits for the first thing that it prints. */
  async ready() {
    const { stdout } = this.child;
    if (stdout !== null) await once(stdout, 'data');
  }

  /** After it was told to end, in its peer's own way. */
  async end() {
    this.#expected = true;
    const late = setTimeout(() => this.child.kill('SIGKILL'), END_MS);
    await this.ended;
    clearTimeout(late);
  }

  async kill() {
    this.#expected = true;
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
