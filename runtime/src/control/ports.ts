/*
 * What the control API and the MCP server need of packages, code checks and the sandbox. Only shapes: the implementations lie in
 * `packages/`, `code-check/` and `sandbox/`, and are handed in (`Services`), so that each can be tested without the others.
 */

import type { InspectedProcessor } from '../python/inspect/inspect.js';

export type PackageStatus = 'pending' | 'approved' | 'installing' | 'installed' | 'denied' | 'failed';

export interface InstalledPackage {
  /** The distribution's name, as it is requested: `opencv-python-headless`, not `cv2`. */
  readonly name: string;
  readonly version: string;
  /** The modules that it brings, where known. */
  readonly modules?: readonly string[];
}

export interface PackageRequest {
  readonly package: string;
  /** A version specifier such as `>=4.10,<5`; any version if left out. */
  readonly version?: string;
  /** Why it is needed: shown to the person who decides. */
  readonly reason: string;
  /** Who asks: a node's name, or that of the agent. */
  readonly requestedBy?: string;
}

export interface PackageRecord {
  readonly id: string;
  readonly package: string;
  readonly version: string | null;
  readonly reason: string;
  readonly status: PackageStatus;
  /** Why it was denied, why it failed, on whom it waits. One or more sentences for a person or an agent. */
  readonly detail: string;
  /** What to do next, in one sentence. */
  readonly next: string;
  readonly installedVersion?: string;
}

export interface PackageManager {
  /** AllowList, AutoApprove, RequireApproval, DenyAll. */
  readonly strategy: string;
  list(): Promise<readonly InstalledPackage[]>;
  /** Returns as soon as the request is recorded and, where that needs nobody, decided; installation goes on in the background. */
  request(request: PackageRequest): Promise<PackageRecord>;
  /** By id, or the newest request for a package of that name; null where there is none. */
  status(idOrPackage: string): Promise<PackageRecord | null>;
}

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
  readonly declared?: { readonly processor: string; readonly all: readonly InspectedProcessor[] };
}

export interface CodeChecker {
  /** Never rejects for what is wrong with the code: that is in the report. */
  check(code: string, request: CheckRequest): Promise<CheckReport>;
  /** Makes ready what checks need, so that the first is as fast as the others. */
  warm?(): Promise<void>;
  close?(): Promise<void>;
}

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

/** What a control server is made with. Null: this runtime has none, and says so to whoever asks for it. */
export interface Services {
  readonly packages: PackageManager | null;
  readonly checker: CodeChecker | null;
  /** Asked when it matters: the machine is asked through an environment's interpreter, which may have to be made first. */
  readonly sandbox: (() => Promise<Sandbox>) | null;
  /** True: an agent's code runs where there is no sandbox; the configuration has to say so. */
  readonly allowUnconfined?: boolean;
}
