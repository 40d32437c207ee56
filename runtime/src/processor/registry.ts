import type { ProcessorDefinition } from '@streamlib/processor';
import { StreamlibError } from '../base/streamlib-error.js';

/** Node types that come with `@streamlib/media`; it is loaded only when a graph names one (node-av weighs 175 MB). */
export const MEDIA_TYPES: readonly string[] = ['camera', 'display', 'file'];

const MEDIA_PACKAGE: string = '@streamlib/media';

/** The node types that a graph may use besides `python`. */
export class ProcessorRegistry {
  private readonly definitions = new Map<string, ProcessorDefinition>();
  private media: Promise<void> | null = null;

  /**
   * Makes a type known; an earlier one of the same name is replaced.
   *
   * @param definition - The type.
   */
  register(definition: ProcessorDefinition): void {
    this.definitions.set(definition.type, definition);
  }

  /** Every name that may be written as `node_type`. */
  get types(): string[] {
    return [...new Set([...MEDIA_TYPES, 'python', ...this.definitions.keys()])];
  }

  /**
   * Null for a type that nobody knows.
   *
   * @param type - Its name.
   * @throws {@link StreamlibError} `media_missing` if it needs a package that is not installed.
   */
  async find(type: string): Promise<ProcessorDefinition | null> {
    const known = this.definitions.get(type);
    if (known !== undefined) return known;
    if (!MEDIA_TYPES.includes(type)) return null;
    this.media ??= this.loadMedia();
    await this.media;
    return this.definitions.get(type) ?? null;
  }

  private async loadMedia(): Promise<void> {
    let loaded: { processors?: readonly ProcessorDefinition[] };
    try {
      // Through a variable: the runtime neither depends on the package nor is compiled against it.
      loaded = await import(MEDIA_PACKAGE);
    } catch (cause) {
      throw new StreamlibError(
        'media_missing',
        `the node types ${MEDIA_TYPES.join(', ')} need the package ${MEDIA_PACKAGE}, which could not be loaded; install it beside @streamlib/runtime: npm install ${MEDIA_PACKAGE}`,
        { cause },
      );
    }
    for (const definition of loaded.processors ?? []) {
      if (!this.definitions.has(definition.type)) this.register(definition);
    }
  }
}
