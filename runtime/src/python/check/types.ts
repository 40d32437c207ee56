import type { DeclaredProcessor } from '../declared.js';

/** A connection that a processor is to have once it has been added. */
export interface IntendedConnection {
  /** The node whose output it is. */
  readonly from_processor: string;
  /** The output. */
  readonly from_port: string;
  /** The node whose input it is. */
  readonly to_processor: string;
  /** The input. */
  readonly to_port: string;
}

/** What code is checked against. */
export interface CheckRequest {
  /** The name that the processor is to have; the file's declared processors are looked at under it. */
  readonly name: string;
  /** What the code finds as `ctx.config`; empty by default. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** To be compared with the ports that the code declares. */
  readonly connections?: readonly IntendedConnection[];
  /** Schemas of ports that exist already: `camera.video` → `VideoFrame`. */
  readonly knownPorts?: Readonly<Record<string, { direction: 'input' | 'output'; schema: unknown }>>;
  /** False: parse and resolve imports only, run nothing. True by default. */
  readonly dryRun?: boolean;
  /** The code comes from an agent: `streamlib` and its public names are there without an import. False by default. */
  readonly impliedNames?: boolean;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
}

/** Which step of a check found the problem. */
export type ProblemKind =
  | 'syntax'
  | 'missing_packages'
  | 'import'
  | 'ports'
  | 'connection'
  | 'dry_run'
  | 'sandbox';

/** One thing that is wrong with code. */
export interface CheckProblem {
  /** Which step found it. */
  readonly kind: ProblemKind;
  /** What is wrong. */
  readonly message: string;
  /** Its line in the code, from 1, where known. */
  readonly line?: number;
  /** Its column, from 1, where known. */
  readonly column?: number;
  /** For `missing_packages`: what to ask for, all of them at once. */
  readonly packages?: readonly string[];
  /** What to do next, in one sentence. */
  readonly next: string;
}

/** A port that the code declares. */
export interface CheckedPort {
  /** Its name. */
  readonly name: string;
  /** The fields of its frames, as data. */
  readonly schema: unknown;
}

/** What came of one synthetic frame. */
export interface DryRun {
  /** How long the code took for it. */
  readonly milliseconds: number;
  /** Frames that came out, by port, described: `640x480 rgb8`. */
  readonly outputs: Readonly<Record<string, string>>;
  /** The lines that it printed. */
  readonly printed: readonly string[];
}

/** Public names of the package `streamlib` that code uses without an import. */
export interface ImpliedNames {
  /** The names; `streamlib` is the package. */
  readonly names: readonly string[];
  /** The line, from 1, before which an import of them belongs. */
  readonly line: number;
}

/** What a check of code found. */
export interface CheckReport {
  /** True if nothing is wrong. */
  readonly ok: boolean;
  /** Everything that is wrong. */
  readonly problems: readonly CheckProblem[];
  /** What the code declares, as far as it could be read. */
  readonly ports: { readonly inputs: readonly CheckedPort[]; readonly outputs: readonly CheckedPort[] };
  /** How the code wants to be called; null where that could not be read. */
  readonly execution: 'manual' | 'reactive' | 'continuous' | null;
  /** Null if the code was not run. */
  readonly dryRun: DryRun | null;
  /** What the code uses without an import, which code from an agent may. Left out where there is nothing. */
  readonly implied?: ImpliedNames;
  /** Of code without problems: what it declares, so that nobody has to import it again to know. */
  readonly declared?: { readonly processor: string; readonly all: readonly DeclaredProcessor[] };
}

/** Checks Python code before it runs. */
export interface CodeChecker {
  /**
   * Never rejects for what is wrong with the code: that is in the report.
   *
   * @param code - A Python file, as text.
   * @param request - What it is checked against.
   */
  check(code: string, request: CheckRequest): Promise<CheckReport>;
  /** Makes ready what checks need, so that the first is as fast as the others. */
  warm?(): Promise<void>;
  /** Ends the processes that checks keep ready. */
  close?(): Promise<void>;
}
