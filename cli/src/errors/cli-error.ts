/** What the exit codes mean; also in `streamlib --help` and docs/operating.md. People script against them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  /** Wrong arguments, or a graph that cannot run. */
  usage: 2,
  brokerNotRunning: 3,
  /** A second Ctrl-C, or one before the work was done. */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export type CliErrorCode =
  | 'usage'
  | 'invalid_graph'
  | 'broker_not_running'
  | 'broker_refused'
  | 'broker_stuck'
  | 'bad_token'
  | 'not_found'
  | 'failure';

const EXIT_OF: Record<CliErrorCode, ExitCode> = {
  usage: EXIT.usage,
  invalid_graph: EXIT.usage,
  broker_not_running: EXIT.brokerNotRunning,
  broker_refused: EXIT.failure,
  broker_stuck: EXIT.failure,
  bad_token: EXIT.usage,
  not_found: EXIT.failure,
  failure: EXIT.failure,
};

/** The one error class of this package: its message is what the person reads. */
export class CliError extends Error {
  override readonly name = 'CliError';

  constructor(
    readonly code: CliErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  get exitCode(): ExitCode {
    return EXIT_OF[this.code];
  }
}
