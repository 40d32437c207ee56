/** How far a request for a package is. */
export type PackageStatus = 'pending' | 'approved' | 'installing' | 'installed' | 'denied' | 'failed';

/** A package of the Python environment. */
export interface InstalledPackage {
  /** The distribution's name, as it is requested: `opencv-python-headless`, not `cv2`. */
  readonly name: string;
  /** Its version, as its distribution says. */
  readonly version: string;
  /** The modules that it brings, where known. */
  readonly modules?: readonly string[];
}

/** What is asked for when code needs a package. */
export interface PackageRequest {
  /** The name of the distribution: `opencv-python-headless`, not `cv2`. */
  readonly package: string;
  /** A version specifier such as `>=4.10,<5`; any version if left out. */
  readonly version?: string;
  /** Why it is needed: shown to the person who decides. */
  readonly reason: string;
  /** Who asks: a node's name, or that of the agent. */
  readonly requestedBy?: string;
}

/** A request, and what became of it. */
export interface PackageRecord {
  /** Names the request. */
  readonly id: string;
  /** The distribution that was asked for. */
  readonly package: string;
  /** The versions that were asked for; null for any. */
  readonly version: string | null;
  /** Why it is needed. */
  readonly reason: string;
  /** How far it is. */
  readonly status: PackageStatus;
  /** Why it was denied, why it failed, on whom it waits. One or more sentences for a person or an agent. */
  readonly detail: string;
  /** What to do next, in one sentence. */
  readonly next: string;
  /** The version that was installed; absent until then. */
  readonly installedVersion?: string;
}

/** Knows the packages of the environment, and asks for more. */
export interface PackageManager {
  /** AllowList, AutoApprove, RequireApproval, DenyAll. */
  readonly strategy: string;
  /** The packages that code may import now. */
  list(): Promise<readonly InstalledPackage[]>;
  /**
   * Returns as soon as the request is recorded and, where that needs nobody, decided; installation goes on in the background.
   *
   * @param request - What is asked for, and why.
   */
  request(request: PackageRequest): Promise<PackageRecord>;
  /**
   * By id, or the newest request for a package of that name; null where there is none.
   *
   * @param idOrPackage - The id of a request, or the name of a package.
   */
  status(idOrPackage: string): Promise<PackageRecord | null>;
}

/**
 * The wheel that brings `streamlib` to Python.
 *
 * @internal
 */
export interface WheelFile {
  /** The path of the file. */
  readonly path: string;
  /** In bytes. */
  readonly size: number;
  /** When it was written, in milliseconds since 1970. */
  readonly mtimeMs: number;
}
