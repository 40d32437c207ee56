/** A page of the Python reference. */
export interface PythonPage {
  readonly title: string;
  readonly file: string;
  /** What the names on it are for, in a sentence or two. */
  readonly about: string;
  /** Public names, in their order on the page. */
  readonly names: readonly string[];
}

/** Every public name of the package `streamlib` stands on one of these pages; the check of the Python names sees to it. */
export const pythonPages: readonly PythonPage[] = [
  {
    title: 'Processors',
    file: 'processors.md',
    about: 'The decorator that makes a function or a class a processor, and what its hooks are given.',
    names: [
      'streamlib.processor',
      'streamlib.Context',
      'streamlib.context.Input',
      'streamlib.context.Output',
      'streamlib.ProcessorError',
    ],
  },
  {
    title: 'Frames',
    file: 'frames.md',
    about: 'The schemas that come with the package: pictures, sound, and boxes found in a picture.',
    names: [
      'streamlib.VideoFrame',
      'streamlib.AudioBuffer',
      'streamlib.AudioFrame',
      'streamlib.ObjectDetections',
      'streamlib.BoundingBox',
    ],
  },
  {
    title: 'Pixel formats',
    file: 'pixel-formats.md',
    about: 'Pictures of any pixel format: their planes, their components, and their colours.',
    names: [
      'streamlib.PIXEL_FORMATS',
      ...['PixelFormat', 'Picture', 'Planes', 'unpack', 'Colour'].map((name) => `streamlib.${name}`),
    ],
  },
  {
    title: 'Schemas',
    file: 'schemas.md',
    about: 'The types that the fields of your own schemas have.',
    names: [
      'streamlib.Schema',
      ...['Int32', 'Int64', 'UInt32', 'UInt64', 'Float32', 'Float64', 'Bool', 'String', 'Bytes'].map(
        (name) => `streamlib.${name}`,
      ),
      ...['TextureField', 'Buffer', 'Array', 'Struct', 'Optional', 'Enum', 'SchemaError'].map(
        (name) => `streamlib.${name}`,
      ),
    ],
  },
  {
    title: 'Shared memory',
    file: 'memory.md',
    about: 'Pictures and bytes that lie in shared memory, and the error of the bridge.',
    names: ['streamlib.Texture', 'streamlib.SharedBuffer', 'streamlib.BridgeError'],
  },
];
