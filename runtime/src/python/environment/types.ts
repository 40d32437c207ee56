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
