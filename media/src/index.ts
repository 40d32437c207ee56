import type { ProcessorDefinition } from '@streamlib/processor';
import { camera } from './camera/camera.js';
import { display } from './display/display.js';
import { file } from './file/file.js';

export { Camera, camera } from './camera/camera.js';
export { type CameraConfig, cameraConfig } from './camera/config.js';
export { drawTestPattern, testPatternPixel } from './camera/test-pattern.js';
export { type DisplayConfig, displayConfig } from './display/config.js';
export { Display, display } from './display/display.js';
export { MediaError, type MediaErrorCode } from './errors/media-error.js';
export { type FileConfig, fileConfig } from './file/config.js';
export { FileSink, file } from './file/file.js';

/** The node types of this package, as `@streamlib/runtime` looks for them. */
export const processors: readonly ProcessorDefinition[] = [camera, display, file];
