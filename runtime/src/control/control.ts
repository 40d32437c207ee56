import { suggestion } from '../base/nearest.js';
import type { Runtime } from '../engine/runtime.js';
import { readArguments } from './arguments.js';
import { CodeStore } from './code-store.js';
import { ControlError } from './control-error.js';
import { DEFAULT_DEVICES } from './granted.js';
import { LogRing } from './log-ring.js';
import type { ControlContext, Origin } from './operation.js';
import { operations } from './operations/index.js';
import type { Services } from './services.js';

/** Who asks, and for how long. */
export interface CallOptions {
  /** An agent is limited; see `Origin`. */
  readonly origin: Origin;
  /** An agent may name files in these folders; a relative name lies in the first. The working directory by default. */
  readonly folders?: readonly string[];
  /** Classes of devices that an agent may name, such as `camera` and `microphone`; cameras by default. */
  readonly devices?: readonly string[];
  /** Hosts that an agent may connect to, and addresses that it may listen on; none by default. */
  readonly hosts?: readonly string[];
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal;
}

/** What a running runtime can be asked, wherever it runs. Rejects with a `ControlError`. */
export interface ControlApi {
  /**
   * Performs one operation.
   *
   * @param name - The name of an operation, such as `add_processor`.
   * @param input - Its arguments, as the schema of its input says.
   * @param options - Who asks.
   * @returns Its result, as the schema of its output says.
   * @throws {@link ControlError} For what cannot be done, with the next thing to try.
   */
  call(name: string, input: unknown, options: CallOptions): Promise<Record<string, unknown>>;
}

/** The control of a runtime in this process. Owns the code that came as text, and the memory of its log. */
export class Control implements ControlApi {
  private readonly code: CodeStore;
  private readonly logs: LogRing;

  /**
   * @param runtime - The runtime that is asked; it need not be running yet.
   * @param services - What it offers besides: packages, checks of code, the sandbox.
   */
  constructor(
    private readonly runtime: Runtime,
    private readonly services: Services,
  ) {
    this.code = new CodeStore(runtime.id);
    this.logs = new LogRing(runtime);
  }

  /**
   * Performs one operation.
   *
   * @param name - The name of an operation, such as `add_processor`.
   * @param input - Its arguments, as the schema of its input says.
   * @param options - Who asks.
   * @returns Its result, as the schema of its output says.
   * @throws {@link ControlError} For what cannot be done, with the next thing to try.
   */
  async call(name: string, input: unknown, options: CallOptions): Promise<Record<string, unknown>> {
    const found = operations.find((operation) => operation.name === name);
    if (found === undefined) {
      const names = operations.map((operation) => operation.name);
      throw new ControlError(
        'not_found',
        `there is no operation "${name}"${suggestion(name, names)}`,
        `Use one of ${names.join(', ')}.`,
      );
    }
    const given = readArguments(found, input);
    const context: ControlContext = {
      runtime: this.runtime,
      services: this.services,
      code: this.code,
      logs: this.logs,
      origin: options.origin,
      grants: {
        folders: options.folders ?? [process.cwd()],
        devices: options.devices ?? DEFAULT_DEVICES,
        hosts: options.hosts ?? [],
      },
      ...(options.signal !== undefined && { signal: options.signal }),
    };
    // What goes out is what the schema says, field for field.
    return found.output.strict().parse(await found.run(context, given));
  }

  /** Removes the code that came as text, and forgets the log. The runtime goes on. */
  close(): void {
    this.logs.close();
    this.code.close();
  }
}
