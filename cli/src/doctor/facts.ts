import type {
  ConnectionEntry,
  GetStatusResponse,
  ProcessorEntry,
  RuntimeEntry,
  TailLogsResponse,
} from '@streamlib/proto';

/** What the broker answered, or why it did not. */
export type BrokerFact =
  | { readonly state: 'healthy'; readonly status: GetStatusResponse }
  | {
      readonly state: 'not_running' | 'stuck' | 'refused' | 'bad_token';
      readonly address: string;
      readonly message: string;
      /** Of the process that holds the broker's lock. */
      readonly holder: number | null;
      /** Somebody listens there; with no holder, a program that is no broker of this user. */
      readonly taken: boolean;
      /** The last thing that a broker said of its own end. */
      readonly lastError: string | null;
    };

/** What a runtime's own log tells of it. */
export interface LogFact {
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly pid: number | null;
  readonly alive: boolean;
  /** Its last line says that it stopped in order. */
  readonly stopped: boolean;
  readonly lastError: string | null;
  /** By processor: the last lines that its process wrote to stderr. */
  readonly stderr: ReadonlyMap<string, readonly string[]>;
}

/** All that a diagnosis is made from. */
export interface Facts {
  readonly now: number;
  readonly serviceName: string;
  readonly broker: BrokerFact;
  readonly runtimes: readonly RuntimeEntry[];
  readonly connections: readonly ConnectionEntry[];
  readonly processors: readonly ProcessorEntry[];
  /** The broker's warnings and errors, oldest first. */
  readonly warnings: readonly TailLogsResponse[];
  readonly logs: readonly LogFact[];
  /** Of the processes that are named above: those that are there. */
  readonly alive: ReadonlySet<number>;
  /** Of these: those that were stopped (SIGSTOP, a debugger). */
  readonly suspended: ReadonlySet<number>;
  /** The runtime that was asked about, if one was. */
  readonly wanted: string | null;
}
