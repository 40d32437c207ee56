import type { DeclaredProcessor } from '../declared.js';

export interface IntendedConnection {
  readonly from_processor: string;
  readonly from_port: string;
  readonly to_processor: string;
  readonly to_port: string;
}

export interface CheckRequest {
  /** The name that the processor is to have; the file's declared processors are looked at under it. */
  readonly name: string;
  readonly config?: Readonly<Record<string, unknown>>;
  /** To be compared with the ports that the code declares. */
  readonly connections?: readonly IntendedConnection[];
  /** Schemas of ports that exist already: `camera.video` → `VideoFrame`. */
  readonly knownPorts?: Readonly<Record<string, { direction: 'input' | 'output'; schema: unknown }>>;
  /** False: parse and resolve imports only, run nothing. True by default. */
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export type ProblemKind =
  | 'syntax'
  | 'missing_packages'
  | 'import'
  | 'ports'
  | 'connection'
  | 'dry_run'
  | 'sandbox';

export interface CheckProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly line?: number;
  readonly column?: number;
  /** For `missing_packages`: what to ask for, all of them at once. */
  readonly packages?: readonly string[];
  /** What to do next, in one sentence. */
  readonly next: string;
}

export interface CheckedPort {
  readonly name: string;
  readonly schema: unknown;
}

export interface DryRun {
  readonly milliseconds: number;
  /** Frames that came out, by port, described: `640x480 rgb8`. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly printed: readonly string[];
}

export interface CheckReport {
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  readonly ports: { readonly inputs: readonly CheckedPort[]; readonly outputs: readonly CheckedPort[] };
  readonly execution: 'manual' | 'reactive' | 'continuous' | null;
  readonly dryRun: DryRun | null;
  /** Of code without problems: what it declares, so that nobody has to import it again to know. */
  readonly declared?: { readonly processor: string; readonly all: readonly DeclaredProcessor[] };
}

export interface CodeChecker {
  /** Never rejects for what is wrong with the code: that is in the report. */
  check(code: string, request: CheckRequest): Promise<CheckReport>;
  /** Makes ready what checks need, so that the first is as fast as the others. */
  warm?(): Promise<void>;
  close?(): Promise<void>;
}
