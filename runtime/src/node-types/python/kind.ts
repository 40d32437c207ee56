import { existsSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { readSettings } from '../../base/settings/settings.js';
import { toError } from '../../base/streamlib-error.js';
import { portsOf } from '../../graph/ports.js';
import { tryOut } from '../../python/check/try-out.js';
import type { DeclaredProcessor } from '../../python/declared.js';
import {
  type Environment,
  ensureEnvironment,
  type PythonEnvironment,
} from '../../python/environment/environment.js';
import type { Needs } from '../../python/environment/needs.js';
import { limitsOf, type PythonParams, policyOf, pythonParams } from '../../python/host/params.js';
import { PythonProcessor } from '../../python/host/processor.js';
import { inspectPython, PythonFileError } from '../../python/inspect/inspect.js';
import { codeDirOf } from '../../python/sandbox/code-dir.js';
import { type Confinement, openProcessSandbox } from '../../python/sandbox/sandbox.js';
import type { SparePool } from '../../python/spare/pool.js';
import type { NodeIssue, NodeKind, NodeOutcome, NodeRequest, PrepareContext } from '../node-type.js';
import { choose } from './choose.js';
import { needsOf } from './needs.js';
import { InstalledType } from './types.js';

/** Python processes in reserve. */
export type PythonReserve = Pick<SparePool, 'take' | 'warm'>;

interface Candidate {
  readonly id: string;
  readonly type: string;
  readonly params: PythonParams;
  /** `MODULE:ATTRIBUTE` of an installed processor. */
  readonly module?: string;
}

/** Nodes whose code is Python, each in a process of its own. */
export class PythonKind implements NodeKind {
  /** `reserve` is asked when a node is made; undefined where nothing will be made. */
  constructor(private readonly reserve: () => PythonReserve | undefined = () => undefined) {}

  async prepare(requests: readonly NodeRequest[], context: PrepareContext): Promise<readonly NodeOutcome[]> {
    const looked = requests.map(candidateOf);
    const wanted: { candidate: Candidate; needs: Needs }[] = [];
    const outcomes = new Map<Candidate, NodeOutcome>();
    for (const candidate of looked) {
      if ('issues' in candidate) continue;
      try {
        const { id, params, module } = candidate;
        wanted.push({ candidate, needs: needsOf(id, params, module !== undefined) });
      } catch (error) {
        outcomes.set(candidate, failed(candidate, toError(error)));
      }
    }
    const all = await this.prepareWanted(wanted, context);
    wanted.forEach(({ candidate }, index) => {
      const outcome = all[index];
      if (outcome !== undefined) outcomes.set(candidate, outcome);
    });
    return looked.map((item) =>
      'issues' in item ? item : (outcomes.get(item) ?? { prepared: null, issues: [] }),
    );
  }

  private async prepareWanted(
    wanted: readonly { candidate: Candidate; needs: Needs }[],
    context: PrepareContext,
  ): Promise<NodeOutcome[]> {
    if (wanted.length === 0) return [];
    const { onProgress, signal } = context;
    let environment: PythonEnvironment;
    try {
      environment = await ensureEnvironment(
        wanted.map(({ needs }) => needs),
        { onProgress, ...(signal && { signal }) },
      );
    } catch (error) {
      return wanted.map(({ candidate }) => failed(candidate, toError(error)));
    }
    // Its imports go on while the graph is looked at and the broker is told.
    if (wanted.length > environment.failures.size) this.reserve()?.warm(environment.python);
    for (const { python } of environment.apart.values()) this.reserve()?.warm(python);
    return Promise.all(
      wanted.map(async ({ candidate }, index) => {
        const lacking = environment.failures.get(index);
        if (lacking !== undefined) return failed(candidate, lacking);
        try {
          return await this.prepareOne(candidate, environment.apart.get(index) ?? environment, context);
        } catch (error) {
          return failed(candidate, withTraceback(toError(error)));
        }
      }),
    );
  }

  private async prepareOne(
    candidate: Candidate,
    environment: Environment,
    context: PrepareContext,
  ): Promise<NodeOutcome> {
    const { id, params, module } = candidate;
    const confine = params.sandbox ? await confinementOf(params, environment, context.folder) : undefined;
    const found =
      context.inspected ??
      (await inspectPython(
        { file: params.file, ...(module !== undefined && { module }) },
        environment,
        context.signal,
        confine?.(`${id}.inspect`),
      ));
    const choice = choose(params, found);
    if (!('processor' in choice)) {
      const issue: NodeIssue = {
        path: module === undefined ? ['params', choice.key] : ['node_type'],
        message: `${id}: ${choice.message}`,
        fatal: true,
      };
      return { prepared: null, issues: [issue] };
    }
    return this.ready(candidate, choice.processor, environment, confine?.(id));
  }

  private ready(
    { id, type, params, module }: Candidate,
    processor: DeclaredProcessor,
    { python }: Environment,
    confinement: Confinement | undefined,
  ): NodeOutcome {
    return {
      issues: [],
      prepared: {
        id,
        type,
        failure: null,
        ports: portsOf(processor.inputs, processor.outputs, true),
        next: null,
        setUpTakesTime: true,
        // A confined process can neither connect to another nor be connected to.
        direct: confinement === undefined,
        // Without input there is no frame to try it with; and what an agent wrote was tried, and does not run without its sandbox.
        ...(confinement === undefined &&
          module === undefined &&
          Object.keys(processor.inputs).length > 0 && {
            tryOut: async (signal) => {
              const { file, config } = params;
              const name = processor.name;
              const asked = { python, file, processor: name, config, ...(signal && { signal }) };
              return (await tryOut(asked)).map(({ line, message }) => ({
                path: ['params', 'file'],
                message: `${id}: ${basename(file)}${line === undefined ? '' : `:${line}`}: ${message}`,
                fatal: false,
              }));
            },
          }),
        make: (ports, { broker, log, logLevel, listener }) => {
          const spares = this.reserve();
          return new PythonProcessor({
            id,
            kind: params.kind ?? processor.kind ?? 'reactive',
            type,
            file: params.file,
            ...(module !== undefined && { module }),
            processor: processor.name,
            config: params.config,
            ports,
            python,
            broker,
            policy: policyOf(params),
            limits: limitsOf(params, confinement),
            logLevel,
            ...(spares && { spares }),
            ...(confinement && { confinement }),
            log,
            listener,
          });
        },
      },
    };
  }
}

/** What is to be looked at, or what is wrong already. */
function candidateOf({ spec, type, params, config }: NodeRequest): Candidate | NodeOutcome {
  const { id, node_type } = spec;
  if (type instanceof InstalledType) {
    if (config === null) return { prepared: null, issues: [] };
    const { file, module, attribute } = type.processor;
    const own = pythonParams.parse({ file, config: config.value });
    return { id, type: node_type, params: own, module: `${module}:${attribute}` };
  }
  // Looked for even if another parameter is wrong: everything is told in one go.
  const { file } = params;
  if (typeof file === 'string' && !existsSync(file)) {
    const message = `${id}: there is no file ${file}`;
    return { prepared: null, issues: [{ path: ['params', 'file'], message, fatal: true }] };
  }
  const checked = config === null ? null : pythonParams.safeParse(config.value);
  if (checked?.success !== true) return { prepared: null, issues: [] };
  return { id, type: node_type, params: checked.data };
}

function failed({ id, type, module }: Candidate, failure: Error): NodeOutcome {
  return {
    prepared: { id, type, failure, ports: null },
    issues: [
      {
        path: module === undefined ? ['params', 'file'] : ['node_type'],
        message: `${id}: ${failure.message}`,
        fatal: false,
      },
    ],
  };
}

function withTraceback(error: Error): Error {
  if (!(error instanceof PythonFileError) || error.traceback === null) return error;
  const { message, traceback, line } = error;
  return new PythonFileError(`${message}\n${traceback.trimEnd()}`, traceback, line);
}

/** Refuses where code from outside would have to run without a sandbox. */
async function confinementOf(
  params: PythonParams,
  environment: Environment,
  folder: string,
): Promise<(name: string) => Confinement> {
  const root = dirname(dirname(environment.python));
  const sandbox = await openProcessSandbox(root, readSettings(folder).sandbox);
  return (name) => sandbox.enter({ name, codeDir: codeDirOf(params.file), environment: root });
}
