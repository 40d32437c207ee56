import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** Takes this process its descriptors, and gives them back. Linux. */
export class DescriptorLimit {
  /** Started while a process can be started. */
  private readonly shell: ChildProcess = spawn('sh', { stdio: ['pipe', 'pipe', 'inherit'] });
  private readonly before =
    /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? '';

  /** Runs with none to be had, and gives them back also when it fails. */
  async starve<T>(act: () => T | Promise<T>): Promise<T> {
    await this.set('3');
    try {
      return await act();
    } finally {
      await this.set(this.before);
    }
  }

  close(): void {
    this.shell.kill('SIGKILL');
  }

  private async set(to: string): Promise<void> {
    const done = once(this.shell.stdout as NodeJS.ReadableStream, 'data');
    this.shell.stdin?.write(`prlimit --pid ${process.pid} --nofile=${to}: && echo done\n`);
    await done;
  }
}
