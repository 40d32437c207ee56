/** A process as it is about to be started. */
export interface Launch {
  /** The program. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its environment, whole; a variable that is undefined is left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its working directory; this process's by default. */
  readonly cwd?: string;
}

/** Which process is to be confined. */
export interface SandboxRequest {
  /** The node's id, for its scratch directory and for messages. */
  readonly name: string;
  /** The only folder that the code may read besides the environment. */
  readonly codeDir: string;
  /** The root of the Python environment. */
  readonly environment: string;
}

/** What confines code from outside on this machine. */
export interface Sandbox {
  /** `landlock+seccomp`, `bubblewrap+seccomp`, `seatbelt`, or `none`. */
  readonly mechanism: string;
  /** False if there is none. */
  readonly available: boolean;
  /** What is forbidden and limited; where none can be had, why, and what to do. */
  readonly detail: string;
}
