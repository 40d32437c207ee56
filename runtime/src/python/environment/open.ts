import { readSettings } from '../../base/settings/settings.js';
import { EnvironmentManager, type ManagerOptions } from './manager.js';

/** Packages that code from outside commonly wants; one command brings them all. */
export const COMMON_PACKAGES = [
  'numpy',
  // From version 5 on it lacks what most code that is around uses, such as CascadeClassifier.
  'opencv-python-headless>=4.10,<5',
  'pillow',
  'scipy',
  'scikit-image',
  'onnxruntime',
] as const;

/**
 * The package manager of this user, with the settings of the state directory and of a manifest's folder.
 *
 * @param options - The folder of a manifest, progress, and a signal to give up; none by default.
 */
export function openPackageManager(
  options: Pick<ManagerOptions, 'onProgress' | 'signal'> & { readonly manifestFolder?: string } = {},
): EnvironmentManager {
  const { manifestFolder, onProgress, signal } = options;
  return new EnvironmentManager({
    settings: readSettings(manifestFolder).packages,
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}
