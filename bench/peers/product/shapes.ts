/** The workload's sizes as pictures. */
const SHAPES: Record<number, [width: number, height: number, format: 'gray8' | 'rgb8' | 'rgba8']> = {
  1024: [32, 32, 'gray8'],
  65536: [256, 256, 'gray8'],
  921600: [640, 480, 'rgb8'],
  6220800: [1920, 1080, 'rgb8'],
  33177600: [3840, 2160, 'rgba8'],
};

/** Any other size is one row of gray. */
export const shapeOf = (bytes: number) => SHAPES[bytes] ?? ([bytes, 1, 'gray8'] as const);
