/** A process as it is about to be started. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

export interface SandboxRequest {
  /** The node's id, for its scratch directory and for messages. */
  readonly name: string;
  /** The only folder that the code may read besides the environment. */
  readonly codeDir: string;
  /** The root of the Python environment. */
  readonly environment: string;
}

export interface Sandbox {
  /** `landlock+seccomp`, `bubblewrap+seccomp`, `seatbelt`, or `none`. */
  readonly mechanism: string;
  readonly available: boolean;
  /** What is forbidden and limited; where none can be had, why, and what to do. */
  readonly detail: string;
}
