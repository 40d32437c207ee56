import { resolve } from 'node:path';
import { z } from 'zod';
import { type NodePorts, portsOf } from '../../graph/ports.js';
import { ensureEnvironment } from '../../python/environment/environment.js';
import type { InstalledProcessor } from '../../python/environment/installed.js';
import { pythonParams } from '../../python/host/params.js';
import { inspectPython } from '../../python/inspect/inspect.js';
import type { AgentRule, NodeKind, NodeType, TypeOrigin } from '../node-type.js';

/** The type `python`: a processor in a file of the user's, or in code that an agent gave. */
export class PythonFileType implements NodeType {
  readonly type = 'python';
  readonly description =
    'A processor in a Python file, in a process of its own. Its ports are those that its decorator names; an agent gives the code itself as text, which then runs in a sandbox: no network, no files but its own.';
  readonly examples = [{ title: 'A file beside the manifest', params: { file: 'effect.py' } }];
  readonly next = null;
  readonly origin: TypeOrigin = { kind: 'runtime' };
  readonly config = pythonParams;
  /** Its other parameters decide on files, packages and the sandbox. */
  readonly agents: AgentRule = { may: 'only', keys: ['config'] };

  constructor(readonly kind: NodeKind) {}

  ports(): null {
    return null;
  }

  files({ file }: Readonly<Record<string, unknown>>, folder: string): readonly string[] {
    return typeof file === 'string' ? [resolve(folder, file)] : [];
  }
}

/** A processor of a distribution in the Python environment; its parameters are what its code finds as `ctx.config`. */
export class InstalledType implements NodeType {
  readonly type: string;
  readonly description: string;
  readonly examples = [];
  readonly next = null;
  readonly origin: TypeOrigin;
  readonly config = z.record(z.string(), z.unknown());
  /** It runs outside the sandbox, and an agent may ask for packages to be installed. */
  readonly agents: AgentRule = {
    may: 'denied',
    why: 'the code of an installed distribution runs outside the sandbox; give code that imports it instead',
  };

  constructor(
    readonly processor: InstalledProcessor,
    readonly kind: NodeKind,
  ) {
    const { name, distribution, version, module, attribute } = processor;
    this.type = name;
    this.description = `A Python processor of the distribution ${distribution} ${version}: ${module}:${attribute}.`;
    this.origin = { kind: 'python', package: distribution, version };
  }

  ports(): null {
    return null;
  }

  async describe(signal?: AbortSignal): Promise<NodePorts> {
    const environment = await ensureEnvironment([], { onProgress: () => {}, ...(signal && { signal }) });
    const { file, module, attribute } = this.processor;
    const [found] = await inspectPython({ file, module: `${module}:${attribute}` }, environment, signal);
    return portsOf(found?.inputs ?? {}, found?.outputs ?? {}, true);
  }
}
