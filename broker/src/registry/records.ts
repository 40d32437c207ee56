import type { ProcessIdentity } from './process-identity.js';

export interface RuntimeInfo {
  readonly id: string;
  readonly name: string;
  /** 0: not told. */
  readonly pid: number;
  readonly apiAddress: string;
  readonly logFile: string;
  readonly version: string;
}

export interface ProcessorInfo {
  readonly processorId: string;
  readonly name: string;
  readonly kind: string;
  readonly state: string;
  readonly pid: number;
  readonly restarts: number;
  readonly connectionId: string;
  readonly lastError: string;
}

export interface RuntimeRecord {
  readonly info: RuntimeInfo;
  /** Null: it has no process that this one can see (a container, for instance); its lease tells alone. */
  readonly process: ProcessIdentity | null;
  readonly registeredAt: number;
  readonly lastSeenAt: number;
  readonly processors: ReadonlyMap<string, ProcessorInfo>;
}
