/** What a client of the tools may do. */
export interface ToolOptions {
  /** Folders whose files the agent may name. */
  readonly folders: readonly string[];
  /** Classes of devices that it may name; `camera` by default. */
  readonly devices?: readonly string[];
  /** Hosts that its processors may reach, and addresses to listen on; none by default. */
  readonly hosts?: readonly string[];
}
